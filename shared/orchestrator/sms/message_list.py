"""Twilio's list of messages: evidence of what was sent. A text that is missing may have been sent all the same (G2)."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol
from unicodedata import normalize

from orchestrator.clean_text import visible_text
from orchestrator.errors import OrchestratorError
from orchestrator.settings import SenderSettings
from orchestrator.sms.addresses import is_of_texts, number_of
from orchestrator.sms.client import twilio_client

if TYPE_CHECKING:
    from twilio.rest.api.v2010.account.message import MessageInstance

PARALLEL_CALLS = 10
# How much Twilio's clock may differ from ours.
CLOCK_SKEW = timedelta(seconds=30)
# Texts read for one number: far more than a person gets while an outcome is open.
NEWEST_TEXTS = 50
# Twilio's largest page (Message resource, "PageSize").
PAGE_SIZE = 1_000


# Twilio puts it before each text of a trial account.
TRIAL_PREFIX = "Sent from your Twilio trial account - "
# Every quote is one quote, and every dash one dash.
_PLAIN_CHARACTERS = str.maketrans(
    dict.fromkeys('"`\u00b4\u00ab\u00bb\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u2032\u2033\u2039\u203a', "'")
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
    | dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", "")
)


class NotListed(OrchestratorError):
    """Twilio's list cannot be read now; the text gives the cause."""


@dataclass(frozen=True, slots=True)
class ListedText:
    """One text as Twilio lists it.

    Attributes:
        person: the person's number, without the prefix of a channel.
        inbound: whether the person wrote it.
        status: Twilio's status, such as `delivered`.
        is_sms: False for a text over another channel, such as WhatsApp.
    """

    sid: str
    person: str
    body: str
    created_at: datetime
    inbound: bool
    status: str
    is_sms: bool = True


def words_key(body: str) -> str:
    """A text's words in one spelling, because Twilio's list may show another one than was sent.

    Smart Encoding replaces characters such as quotes, dashes and white space by plain ones
    (https://www.twilio.com/docs/api/errors/30044); a trial account's texts begin with a prefix.
    """
    plain = normalize("NFKC", body.translate(_PLAIN_CHARACTERS))
    return " ".join(plain.split()).removeprefix(TRIAL_PREFIX)


class MessageList(Protocol):
    """Reads texts from Twilio, or in a test from memory."""

    def texts_to(self, numbers: Sequence[str]) -> list[ListedText]: ...

    def texts_since(self, since: datetime) -> Iterator[ListedText]: ...

    def is_readable(self) -> bool: ...


class TwilioMessageList:
    """Twilio's list of the messages from, and to, our number or messaging service."""

    def __init__(self, settings: SenderSettings) -> None:
        self._settings = settings

    def texts_to(self, numbers: Sequence[str]) -> list[ListedText]:
        """The newest texts that we sent to these numbers.

        Raises:
            NotListed: Twilio's list cannot be read now.
        """
        messages = twilio_client(self._settings, PARALLEL_CALLS).messages
        with ThreadPoolExecutor(PARALLEL_CALLS) as pool, _list_errors():
            # Not filtered by date: Twilio sets `date_sent` only when the text leaves Twilio.
            found = pool.map(lambda to: messages.list(to=to, limit=NEWEST_TEXTS, page_size=NEWEST_TEXTS), numbers)
            return [text for texts in found for text in self._ours(texts) if not text.inbound]

    def texts_since(self, since: datetime) -> Iterator[ListedText]:
        """Every text from or to us that was created since a time; read page by page.

        Raises:
            NotListed: Twilio's list cannot be read now.
        """
        messages = twilio_client(self._settings, PARALLEL_CALLS).messages
        with _list_errors():
            for message in messages.stream(page_size=PAGE_SIZE):
                # Twilio lists the newest `date_sent` first. A text that still waits inside Twilio has no such date, so
                # the list is not filtered by it.
                if message.date_sent and message.date_sent < since:
                    return
                yield from (text for text in self._ours([message]) if text.created_at >= since)

    def is_readable(self) -> bool:
        """Whether Twilio answers a request for the newest text with success."""
        try:
            with _list_errors():
                twilio_client(self._settings, PARALLEL_CALLS).messages.list(limit=1, page_size=1)
        except NotListed:
            return False
        return True

    def _ours(self, listed: "Iterable[MessageInstance]") -> Iterator[ListedText]:
        settings = self._settings
        for message in listed:
            inbound = str(message.direction) == "inbound"
            if settings.twilio_messaging_service_sid:
                ours = message.messaging_service_sid == settings.twilio_messaging_service_sid
            else:
                our_address = (message.to if inbound else message.from_) or ""
                ours = number_of(our_address) == settings.twilio_phone_number
            if ours and message.sid and message.date_created:
                address = (message.from_ if inbound else message.to) or ""
                yield ListedText(
                    sid=message.sid,
                    person=number_of(address),
                    is_sms=is_of_texts(address),
                    body=visible_text(message.body or ""),
                    created_at=message.date_created,
                    inbound=inbound,
                    status=str(message.status),
                )


@contextmanager
def _list_errors() -> Iterator[None]:
    """Turns errors of Twilio, and of a body that is not a list, into `NotListed`."""
    from twilio.base.exceptions import TwilioException

    try:
        yield
    except (TwilioException, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NotListed(f"Twilio's list of messages cannot be read now: {type(error).__name__}") from error
