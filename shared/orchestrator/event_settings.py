"""Settings of what agents receive of events: the EventBridge bus, and the other targets of what people write."""

from base64 import b64decode
from enum import StrEnum
from typing import Annotated, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from orchestrator.setting_values import CommaList, HttpUrl, Settings

# Bytes of a key (Standard Webhooks 1.0.0, Signature scheme: at least 24, at most 64).
_KEY_BYTES = range(24, 65)
# Before a key in base64 (Standard Webhooks, Signature scheme: secret serialization).
_KEY_PREFIX = "whsec_"


class EventTarget(StrEnum):
    """Where events go; the values of `orchestrator.events.target`."""

    BUS = "bus"  # an EventBridge bus: every event
    # What people write, alone (`reply.received`):
    TABLE = "table"  # the table `events` of the system before this one
    QUEUE = "queue"
    FUNCTION = "function"
    WEBHOOK = "webhook"  # the last: what the others leave of the time is its own


def _https_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname or parts.username is not None or parts.fragment:
        raise PydanticCustomError("not_https", "should be an https address, without a login and without a fragment")
    # What a request names must be in its head as it is: a host in punycode, and a path with percent signs.
    if not value.isascii() or not value.isprintable() or " " in value or not _has_usable_port(parts):
        raise PydanticCustomError("not_encoded", "should be printable ASCII without spaces, with a port of 1 to 65535")
    return value


def _has_usable_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


def _keys(value: SecretStr) -> SecretStr:
    keys_of(value)
    return value


def keys_of(secret: SecretStr) -> list[bytes]:
    """The keys of a secret: one, or two with a space between them while the secret is rotated.

    Raises:
        PydanticCustomError: it is something else; the text shows no part of it.
    """
    texts = secret.get_secret_value().split()
    try:
        keys = [b64decode(text.removeprefix(_KEY_PREFIX), validate=True) for text in texts]
    except ValueError:
        keys = []
    if not 1 <= len(keys) <= 2 or not all(len(key) in _KEY_BYTES for key in keys):
        raise PydanticCustomError("no_key", "should be whsec_ and 24 to 64 bytes in base64; two during a rotation")
    return keys


class EventSettings(Settings):
    """Where agents receive events; without a target no event is written."""

    # Receives every event.
    event_bus_name: str | None = None
    # These receive what people write (`reply.received`). The type of the rows of the former system's table `events`:
    reply_event_type: str | None = Field(default=None, max_length=100, pattern=r"^[\w.:-]+$")
    reply_webhook_url: Annotated[str, AfterValidator(_https_url)] | None = None
    # Whether the address may be one of a private network.
    reply_webhook_private_network: bool = False
    reply_queue_url: HttpUrl | None = None
    reply_function: str | None = Field(default=None, max_length=170, pattern=r"^[A-Za-z0-9_:-]+$")
    # The targets of these that receive the words, too; the table never does.
    reply_words_to: CommaList = frozenset()

    @model_validator(mode="after")
    def _words_go_to_known_targets(self) -> Self:
        allowed = {EventTarget.WEBHOOK, EventTarget.QUEUE, EventTarget.FUNCTION}
        if self.reply_words_to - allowed:
            raise PydanticCustomError(
                "unknown_target", "REPLY_WORDS_TO: should be one or more of webhook, queue and function, with commas"
            )
        return self

    @property
    def reply_targets(self) -> list[EventTarget]:
        """The targets that receive what people write, without the bus."""
        settings = {
            EventTarget.TABLE: self.reply_event_type,
            EventTarget.QUEUE: self.reply_queue_url,
            EventTarget.FUNCTION: self.reply_function,
            EventTarget.WEBHOOK: self.reply_webhook_url,
        }
        return [target for target, value in settings.items() if value]

    @property
    def event_targets(self) -> list[EventTarget]:
        """Every target."""
        return [*([EventTarget.BUS] if self.event_bus_name else []), *self.reply_targets]


class WebhookKeySettings(Settings):
    """What signs the calls of `REPLY_WEBHOOK_URL`. It is read at each use: a fault of it concerns the calls alone."""

    reply_webhook_secret: Annotated[SecretStr, AfterValidator(_keys)]


class UnknownSenderSettings(Settings):
    """Whether a person of whom only the number is known becomes a person here, when they write."""

    create_unknown_senders: bool = False
