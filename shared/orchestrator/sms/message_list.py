"""Twilio's own record of what was sent: a text found there went out; one that is missing may have gone out (G2)."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from orchestrator.errors import OrchestratorError
from orchestrator.settings import SenderSettings

if TYPE_CHECKING:
    from twilio.rest import Client
    from twilio.rest.api.v2010.account.message import MessageInstance

AT_ONCE = 10
# How far Twilio's clock may be from ours.
CLOCK_SKEW = timedelta(seconds=30)
# One page: far more than one person gets while an outcome can be open.
NEWEST = 50
# Twilio's largest page.
PAGE = 1_000


class NotListed(OrchestratorError):
    """Twilio's list cannot be read now; the text says why."""


@dataclass(frozen=True, slots=True)
class ListedText:
    """One text as Twilio lists it.

    Attributes:
        person: the number that is not ours.
        inbound: whether it came from the person.
        status: Twilio's word, such as `delivered`.
    """

    sid: str
    person: str
    body: str
    created_at: datetime
    inbound: bool
    status: str


class MessageList(Protocol):
    """Where texts are looked up."""

    def texts_to(self, numbers: Sequence[str]) -> list[ListedText]: ...

    def texts_since(self, since: datetime) -> Iterator[ListedText]: ...


@contextmanager
def _readable() -> Iterator[None]:
    from twilio.base.exceptions import TwilioException

    try:
        yield
    except (TwilioException, ValueError, KeyError, TypeError) as error:  # the last three: a body that is no list
        raise NotListed(f"Twilio's list of messages cannot be read now: {type(error).__name__}") from error


class TwilioMessageList:
    """Twilio's list of the messages from, and to, our number or messaging service."""

    def __init__(self, settings: SenderSettings) -> None:
        self._settings = settings

    def texts_to(self, numbers: Sequence[str]) -> list[ListedText]:
        """The newest texts that we sent to these numbers.

        Raises:
            NotListed: Twilio cannot be asked now.
        """
        client = self._client
        with ThreadPoolExecutor(AT_ONCE) as pool, _readable():
            # Without a date: Twilio gives a text its date of sending only once it left Twilio.
            found = pool.map(lambda number: client.messages.list(to=number, limit=NEWEST, page_size=NEWEST), numbers)
            return [text for texts in found for text in self._ours(texts) if not text.inbound]

    def texts_since(self, since: datetime) -> Iterator[ListedText]:
        """Every text from or to us that was created since a time, read page by page.

        Raises:
            NotListed: Twilio cannot be asked now.
        """
        with _readable():
            for message in self._client.messages.stream(page_size=PAGE):
                # The list is in order of the date of sending, newest first. It is not filtered by it: a text that
                # still waits inside Twilio has none.
                if message.date_sent and message.date_sent < since:
                    return
                yield from (text for text in self._ours([message]) if text.created_at >= since)

    def _ours(self, listed: "Iterable[MessageInstance]") -> Iterator[ListedText]:
        settings = self._settings
        for message in listed:
            inbound = str(message.direction) == "inbound"
            if settings.twilio_messaging_service_sid:
                ours = message.messaging_service_sid == settings.twilio_messaging_service_sid
            else:
                ours = (message.to if inbound else message.from_) == settings.twilio_phone_number
            if ours and message.sid and message.date_created:
                yield ListedText(
                    sid=message.sid,
                    person=(message.from_ if inbound else message.to) or "",
                    body=message.body or "",
                    created_at=message.date_created,
                    inbound=inbound,
                    status=str(message.status),
                )

    @property
    def _client(self) -> "Client":
        from orchestrator.sms.http import twilio_client

        return twilio_client(self._settings, AT_ONCE)
