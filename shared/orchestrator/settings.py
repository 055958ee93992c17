"""Settings from the environment: typed, checked at start; each function loads only its own group."""

import os
from collections.abc import Mapping
from datetime import time
from enum import StrEnum
from typing import Any, Self, TypeVar

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from orchestrator.aws.secrets import secret_values, secrets_of, uses_secrets
from orchestrator.brake_settings import OutcomeBrakeSettings, ThrottleSettings
from orchestrator.errors import SettingsError
from orchestrator.event_settings import EventSettings, UnknownSenderSettings
from orchestrator.learn_settings import LearningSettings
from orchestrator.sender_settings import (
    ConfirmationSettings,
    LawSettings,
    NumberCheckSettings,
    PrivacySettings,
    SendingMode,
)
from orchestrator.setting_values import (
    US_TERRITORIES,
    BaseUrl,
    CommaList,
    Countries,
    Days,
    Fraction,
    HttpUrl,
    PostgresUrl,
    Settings,
    TwilioNumber,
    WallTime,
)


class PublisherSettings(Settings):
    """What a publishing agent needs."""

    enqueue_queue_url: HttpUrl


class DatabaseSettings(Settings):
    """The address of Postgres, or of a transaction-mode pooler before it (G8)."""

    database_url: PostgresUrl


class MigrationSettings(Settings):
    """A direct connection to Postgres: a migration holds a session lock, which a pooler does not keep."""

    migration_database_url: PostgresUrl | None = None
    database_url: PostgresUrl | None = None

    @model_validator(mode="after")
    def _has_a_database(self) -> Self:
        if not (self.migration_database_url or self.database_url):
            raise PydanticCustomError(
                "no_database", "DATABASE_URL: is not set. Set it in the environment, or see .env.example"
            )
        return self

    @property
    def url(self) -> str:
        url = self.migration_database_url or self.database_url
        assert url is not None  # checked above
        return url.get_secret_value()


class Stage(StrEnum):
    """Which people a deployment may text: in production everyone, elsewhere only `RECIPIENT_ALLOWLIST`."""

    DEV = "dev"
    STAGING = "staging"
    PROD = "prod"


class ActivitySettings(Settings):
    """The ceilings beside the limits of people; each part of a sequence counts."""

    # What a person's activity lets through although a limit or quiet hours would hold it: on one inbound message, in
    # any rolling hour, and in a local day (R4).
    active_texts_per_inbound: int = Field(default=3, ge=0)
    active_texts_per_hour: int = Field(default=6, ge=0)
    active_texts_per_day: int = Field(default=12, ge=0)
    # The same for replies; a reply above them becomes an ordinary message (R12).
    replies_per_inbound: int = Field(default=5, ge=0)
    replies_per_hour: int = Field(default=30, ge=0)
    replies_per_day: int = Field(default=60, ge=0)
    # Texts an hour of all agents without settings that one publisher speaks for (R13).
    agent_start_limit: int = Field(default=500, ge=0)


class ConsentFor(StrEnum):
    """Which texts need consent: marketing alone, or those that inform, too (R15)."""

    MARKETING = "marketing"
    REQUIRE = "require"


class PolicySettings(ActivitySettings, ThrottleSettings, LearningSettings):
    """The defaults of the rules; values of the person win."""

    daily_limit: int = 10
    hourly_limit: int = 2
    quiet_hours_start: WallTime = time(21)
    quiet_hours_end: WallTime = time(8)
    allowed_countries: Countries = frozenset({"US", "CA", *US_TERRITORIES})
    recipient_allowlist: CommaList = frozenset()
    stage: Stage = Stage.PROD
    message_lifetime_days: Days = 7
    max_sequence_parts: int = Field(default=5, ge=2, le=10)  # of one sequence (R8)
    # How long a message waits for its agent to reformulate it (R10); a year at most.
    reformulation_minutes: int = Field(default=240, gt=0, le=525_600)
    consent: ConsentFor = ConsentFor.MARKETING

    def may_text(self, phone_number: str) -> bool:
        """Whether the recipient allow-list admits a number; an empty one admits all in production, none elsewhere."""
        if not self.recipient_allowlist:
            return self.stage is Stage.PROD
        return phone_number in self.recipient_allowlist


class EnqueueSettings(DatabaseSettings, PolicySettings):
    """What the enqueue function needs."""

    enqueue_queue_url: HttpUrl
    enqueue_dlq_url: HttpUrl
    urgent_queue_url: HttpUrl


class UnknownOutcome(StrEnum):
    """How a message ends whose text may have been sent, when no evidence came (G2)."""

    END = "end"  # it is not sent again
    SEND_AGAIN = "send_again"  # for an owner who prefers a second text to none


class DispatchSettings(DatabaseSettings, ActivitySettings, EventSettings, OutcomeBrakeSettings):
    """What the dispatch function needs."""

    message_lifetime_days: Days = 7
    # Accepted for deployments that have it, and ignored: an old sender is gone when the database holds none (R12).
    old_sender_is_gone: bool = False
    # The defaults of the limits, by which a tick guesses which messages will be held.
    daily_limit: int = 10
    hourly_limit: int = 2
    # The pace of all ordinary lanes together, in segments; urgent texts ignore it. Twilio sends 1 a second from a long
    # code and 3 from a toll-free number, and reports 21611 when its queue of a sender is full.
    sender_messages_per_second: Fraction = 3.0
    unknown_outcome: UnknownOutcome = UnknownOutcome.END
    delivery_queue_url: HttpUrl
    urgent_queue_url: HttpUrl
    # Where each tick puts a marker. From the first on, deliver sends nothing while no fresh one is read (R11): a team
    # that runs ticks beside a deployed stack, or instead of its schedule, sets this too.
    inbound_queue_url: HttpUrl | None = None


class SenderSettings(Settings):
    """Twilio, and the number or messaging service from which texts are sent.

    Twilio takes an API key and its secret instead of the account's SID and token; the SID stays in the path
    (twilio.com/docs/usage/requests-to-twilio: Authentication; twilio.com/docs/iam/api-keys).
    """

    twilio_account_sid: str = Field(pattern=r"^AC[0-9a-zA-Z]{32}$")
    # Opens the whole account, and checks signatures.
    twilio_auth_token: SecretStr | None = None
    twilio_api_key_sid: str | None = Field(default=None, pattern=r"^SK[0-9a-zA-Z]{32}$")
    twilio_api_key_secret: SecretStr | None = None
    twilio_phone_number: TwilioNumber | None = Field(default=None, pattern=r"^\+[1-9][0-9]{6,14}$")
    # Twilio refuses any other form with error 21705.
    twilio_messaging_service_sid: str | None = Field(default=None, pattern=r"^MG[0-9a-fA-F]{32}$")
    twilio_api_base_url: HttpUrl = "https://api.twilio.com"
    twilio_timeout_seconds: Fraction = 10.0
    # Calls under way at once: less for an account that may make fewer. A 429 lowers it by itself.
    twilio_parallel_calls: int = Field(default=50, ge=1, le=50)
    # Where Twilio reports the status of a text; without it no status callbacks are requested.
    webhook_base_url: BaseUrl | None = None

    @model_validator(mode="after")
    def _has_a_sender(self) -> Self:
        if not (self.twilio_phone_number or self.twilio_messaging_service_sid):
            raise PydanticCustomError(
                "no_sender", "TWILIO_PHONE_NUMBER or TWILIO_MESSAGING_SERVICE_SID: one of them must be set"
            )
        return self

    @model_validator(mode="after")
    def _has_credentials(self) -> Self:
        if (self.twilio_api_key_sid is None) != (self.twilio_api_key_secret is None):
            raise PydanticCustomError(
                "half_key", "TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET: both of them must be set, or neither"
            )
        if self.twilio_api_key_sid is None and self.twilio_auth_token is None:
            raise PydanticCustomError(
                "no_credentials", "TWILIO_AUTH_TOKEN: is not set. Set it, or TWILIO_API_KEY_SID and its secret"
            )
        return self

    @property
    def twilio_login(self) -> tuple[str, str]:
        """The user and the password of Twilio's API: the API key where there is one, or else the account."""
        if self.twilio_api_key_sid is not None:
            assert self.twilio_api_key_secret is not None  # checked above
            return self.twilio_api_key_sid, self.twilio_api_key_secret.get_secret_value()
        assert self.twilio_auth_token is not None  # checked above
        return self.twilio_account_sid, self.twilio_auth_token.get_secret_value()


class Effort(StrEnum):
    """How much Claude thinks before it answers."""

    OFF = "off"  # not at all; as little as the model allows where thinking cannot be switched off
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class WriterSettings(Settings):
    """Claude; without a key every text is a plain sentence."""

    anthropic_api_key: SecretStr | None = None
    anthropic_model: str = "claude-haiku-5-5"
    anthropic_effort: Effort = Effort.OFF
    # For all calls about one message, retries included.
    claude_deadline_seconds: Fraction = 12.0
    # Past this on a UTC day Claude is not called: urgent messages go, and words are plain sentences.
    claude_daily_ceiling_usd: Fraction = 50.0
    max_segments: int = Field(default=2, gt=0)


class WordsSettings(WriterSettings, ConfirmationSettings, LawSettings):
    """What the words of a text depend on."""


class DeliverSettings(
    DatabaseSettings,
    PolicySettings,
    SenderSettings,
    WordsSettings,
    PrivacySettings,
    NumberCheckSettings,
):
    """What the deliver function needs."""

    # The queues that its records come from, and the one for unreadable records; without them SQS's own visibility
    # timeouts and redrive apply.
    delivery_queue_url: HttpUrl | None = None
    urgent_queue_url: HttpUrl | None = None
    delivery_dlq_url: HttpUrl | None = None
    sending: SendingMode = SendingMode.LIVE
    # Past this on a UTC day the ordinary lanes wait for the next day; urgent messages and replies go on.
    twilio_daily_ceiling_usd: Fraction = 500.0

    @property
    def urgent_ceiling_usd(self) -> float:
        """Past this on a UTC day nothing goes, urgent messages and replies included."""
        return 3 * self.twilio_daily_ceiling_usd


class WebhookSettings(Settings):
    """What verifies a call of Twilio, and the queue for it."""

    inbound_queue_url: HttpUrl
    twilio_auth_token: SecretStr
    # During a rotation of the token, Twilio signs with either.
    twilio_secondary_auth_token: SecretStr | None = None
    # The address that Twilio calls; when left out, the host that the request names, which its signature covers.
    webhook_base_url: BaseUrl | None = None


class InboundSettings(
    DatabaseSettings,
    PolicySettings,
    WriterSettings,
    PrivacySettings,
    EventSettings,
    ConfirmationSettings,
    UnknownSenderSettings,
):
    """What the inbound function needs."""

    inbound_queue_url: HttpUrl
    urgent_queue_url: HttpUrl
    inbound_dlq_url: HttpUrl | None = None


class RetainSettings(DatabaseSettings):
    """What the retain function needs."""

    # Words are deleted after so many days. Those of our texts, STOP and START stay as evidence (16 CFR 310.5: 5 years).
    retention_days: Days = 365
    evidence_days: int = Field(default=1_827, ge=0, le=365_000)


class LearnSettings(DatabaseSettings, LearningSettings):
    """What the learn function needs."""


SomeSettings = TypeVar("SomeSettings", bound=Settings)


def load(kind: type[SomeSettings], environment: Mapping[str, str] | None = None) -> SomeSettings:
    """Read one group of settings.

    Args:
        kind: the group.
        environment: variables by name; those of the process when left out. An empty value counts as missing.

    Raises:
        SettingsError: names every variable that is missing or malformed, never a value.
    """
    given = os.environ if environment is None else environment
    wanted = {name.upper() for name in kind.model_fields}
    variables = {**given, **secret_values(given, wanted)}
    values = {name.lower(): variables[name] for name in wanted if variables.get(name)}
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise SettingsError("\n".join(_problem(entry) for entry in error.errors())) from None


def load_where_set(kind: type[SomeSettings], variable: str) -> SomeSettings | None:
    """Read one group of settings if `variable`, or a secret that holds it, is set; None when none is.

    Raises:
        SettingsError: it is set, and another variable of the group is missing or malformed.
    """
    return load(kind) if any(map(os.environ.get, (variable, *secrets_of(variable)))) else None


def refresh(settings: SomeSettings) -> SomeSettings:
    """The settings with secrets that are at most five minutes old; the same object when no secret changed.

    Raises:
        SettingsError: a secret can no longer be read, or is malformed.
    """
    fresh = load(type(settings)) if uses_secrets() else settings
    return settings if fresh == settings else fresh


def _problem(entry: Any) -> str:
    location = str(entry["loc"][0]).upper() if entry["loc"] else ""
    if entry["type"] == "missing":
        return f"{location}: is not set. Set it in the environment, or see .env.example."
    return f"{location}: {entry['msg']}." if location else f"{entry['msg']}."
