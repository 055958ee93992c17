"""Sends texts through Twilio with one call each, and never repeats a call (G2)."""

import re
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from queue import SimpleQueue
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlencode
from uuid import UUID

from orchestrator.aws.secrets import forget_secrets
from orchestrator.settings import SenderSettings
from orchestrator.sms.call_width import CallWidth
from orchestrator.sms.client import twilio_client
from orchestrator.sms.outcomes import Consequence, Outcome, OutcomeKind, fault_of
from orchestrator.sms.requests import STATUS_PATH

if TYPE_CHECKING:
    from twilio.rest.api.v2010.account.message import MessageList

# The bounds of Twilio's `ValidityPeriod`, in seconds.
SHORTEST_VALIDITY = 1
LONGEST_VALIDITY = 36_000
# Twilio's ids have two letters and 32 hexadecimal digits. An answer of a proxy may hold anything.
_SID = re.compile(r"[0-9A-Za-z]{1,64}")


@dataclass(frozen=True, slots=True)
class Sms:
    """One text.

    Attributes:
        to: E.164 number.
        body: the words.
        valid_for: seconds for which Twilio may keep it in its own queue (R3).
        message_id, attempt_id: what its status callbacks name.
    """

    to: str
    body: str
    valid_for: int
    message_id: UUID
    attempt_id: UUID


# Whether there is time for one more call.
HasTime = Callable[[], bool]


class Sender(Protocol):
    """Sends texts: through Twilio, in a shadow run or a benchmark not at all."""

    def send_wave(self, texts: Sequence[Sms], has_time: HasTime = ...) -> list[Outcome]: ...

    def fingerprint(self, sms: Sms) -> str: ...


class TwilioSender:
    """Sends through Twilio's Messages API, several calls at once (G2)."""

    def __init__(self, settings: SenderSettings) -> None:
        self._settings = settings
        self._width = CallWidth(settings.twilio_parallel_calls)

    def send_wave(self, texts: Sequence[Sms], has_time: HasTime = lambda: True) -> list[Outcome]:
        """Send texts: those to one number one after the other in their order, those to different numbers side by side.

        After a refusal that holds for the number, its further texts are not sent (R6). `CallWidth` says how many calls
        are under way at once, and after which failures no more calls of the wave start.

        Args:
            has_time: asked before each call.

        Returns:
            The outcomes, in the order of the texts; an error of a call is an outcome, and is not raised.
        """
        messages = twilio_client(self._settings, self.parallel_calls).messages  # made before the threads share it
        width = self._width.begin_wave()
        waiting = _by_number(texts)
        outcomes: dict[UUID, Outcome] = {}
        under_way: dict[Future[Outcome], deque[Sms]] = {}
        ended: SimpleQueue[Future[Outcome]] = SimpleQueue()
        while True:
            while waiting and width.has_room(len(under_way)) and has_time():
                same_number = waiting.popleft()
                call = self._pool.submit(self._send, messages, same_number[0])
                under_way[call] = same_number
                call.add_done_callback(ended.put)
            if not under_way:
                break
            call = ended.get()
            outcome = call.result()
            width.note(outcome, len(under_way))
            same_number = under_way.pop(call)
            outcomes[same_number.popleft().attempt_id] = outcome
            if _ends_texts_to_number(outcome):
                outcomes |= _not_called(same_number, "Twilio refused the text before it")
            elif same_number:
                waiting.appendleft(same_number)
        width.finish()
        for same_number in waiting:
            outcomes |= _not_called(same_number, width.end or "the invocation ends first")
        return [outcomes[sms.attempt_id] for sms in texts]

    @property
    def parallel_calls(self) -> int:
        """How many calls may be under way at once, at most."""
        return self._settings.twilio_parallel_calls

    def _send(self, messages: "MessageList", sms: Sms) -> Outcome:
        from orchestrator.sms.http import ErrorAnswer, NotConnected

        try:
            message = messages.create(
                to=sms.to,
                body=sms.body,
                from_=self._settings.twilio_phone_number if not self._settings.twilio_messaging_service_sid else None,
                messaging_service_sid=self._settings.twilio_messaging_service_sid,
                validity_period=max(SHORTEST_VALIDITY, min(sms.valid_for, LONGEST_VALIDITY)),
                status_callback=self._status_callback(sms),
            )
        except ErrorAnswer as error:
            if error.status == 401:
                forget_secrets("TWILIO_ACCOUNT_SID")  # its token or key may have been rotated
            return _outcome_of_answer(error.status, error.code, error.retry_after)
        except NotConnected as error:
            return Outcome(OutcomeKind.NOT_SENT, error=f"could not connect: {error}")
        except Exception as error:  # noqa: BLE001
            # No whole answer, or not one of Twilio's: the text may have been sent, and the rest of the wave must be
            # settled.
            return Outcome(OutcomeKind.UNKNOWN, error=f"no usable answer: {type(error).__name__}")
        if not (isinstance(message.sid, str) and _SID.fullmatch(message.sid)):
            return Outcome(OutcomeKind.UNKNOWN, error="the answer has no sid")
        return Outcome(OutcomeKind.ACCEPTED, sid=message.sid)

    def fingerprint(self, sms: Sms) -> str:
        """A digest of sender, number and words: recognises a text without storing it twice."""
        sender = self._settings.twilio_messaging_service_sid or self._settings.twilio_phone_number or ""
        return sha256("\0".join((sender, sms.to, sms.body)).encode()).hexdigest()

    def _status_callback(self, sms: Sms) -> str | None:
        """The address for status callbacks, which also settle a text whose answer was lost (G2)."""
        if self._settings.webhook_base_url is None:
            return None
        ids = urlencode({"message_id": sms.message_id, "attempt_id": sms.attempt_id})
        return f"{self._settings.webhook_base_url}{STATUS_PATH}?{ids}"

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.parallel_calls, thread_name_prefix="twilio")


def _by_number(texts: Sequence[Sms]) -> deque[deque[Sms]]:
    """The texts of each number in their order, the numbers in the order of their first text."""
    by_number: dict[str, deque[Sms]] = {}
    for sms in texts:
        by_number.setdefault(sms.to, deque()).append(sms)
    return deque(by_number.values())


def _not_called(texts: Sequence[Sms], why: str) -> dict[UUID, Outcome]:
    outcome = Outcome(OutcomeKind.NOT_SENT, error=f"not called: {why}", called=False)
    return {sms.attempt_id: outcome for sms in texts}


def _outcome_of_answer(status: int, code: int | None, retry_after: float | None) -> Outcome:
    # After a 5xx or 408 the text may have been sent; another status outside 4xx does not come from Twilio.
    if not 400 <= status < 500 or status == 408:
        return Outcome(OutcomeKind.UNKNOWN, code=code or status, error=f"Twilio answered {status}")
    text = fault_of(code, status).text
    return Outcome(OutcomeKind.REFUSED, None, code or status, status, f"refused: {text}", retry_after)


def _ends_texts_to_number(outcome: Outcome) -> bool:
    """Whether each further text to the number would be refused too: the person opted out, or the number is dead."""
    consequence = fault_of(outcome.code, outcome.status).consequence
    return outcome.kind is OutcomeKind.REFUSED and consequence in (Consequence.OPTED_OUT, Consequence.BAD_NUMBER)
