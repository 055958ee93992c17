"""Asks Twilio whether numbers have another owner since a day: Lookup v2, package `reassigned_number` (R15).

Source: https://www.twilio.com/docs/lookup/v2-api/reassigned-number
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from orchestrator.aws.secrets import forget_secrets
from orchestrator.rules.number_check import NumberAnswer
from orchestrator.settings import SenderSettings
from orchestrator.sms.call_width import MOST_FAILURES
from orchestrator.sms.client import twilio_client
from orchestrator.sms.outcomes import Outcome, OutcomeKind, fault_of
from orchestrator.sms.sender import HasTime

if TYPE_CHECKING:
    from twilio.rest import Client


@dataclass(frozen=True, slots=True)
class NumberQuestion:
    """A US number, and the day since which it is asked about."""

    phone_number: str
    verified_on: date


@dataclass(frozen=True, slots=True)
class LookupResult:
    """Twilio's answer, or else why there is none; a failure never means that a text may go."""

    answer: NumberAnswer | None = None
    failure: Outcome | None = None


def look_up(
    questions: Sequence[NumberQuestion], settings: SenderSettings, has_time: HasTime = lambda: True
) -> list[LookupResult]:
    """Ask one question for each number, side by side. After three failures no more calls start.

    Args:
        has_time: asked before each call: with few calls at once, fifty questions take many turns.

    Returns:
        The results, in the order of the questions; an error of a call is a result, and is not raised.
    """
    if not questions:
        return []
    client = twilio_client(settings, settings.twilio_parallel_calls)
    failures: list[Outcome] = []

    def ask(question: NumberQuestion) -> LookupResult:
        if len(failures) >= MOST_FAILURES:
            return _not_asked("Twilio did not answer")
        if not has_time():
            return _not_asked("the invocation ends first")
        result = _ask(client, question)
        if result.failure:
            failures.append(result.failure)
        return result

    with ThreadPoolExecutor(settings.twilio_parallel_calls, thread_name_prefix="lookup") as pool:
        return list(pool.map(ask, questions))


def _not_asked(why: str) -> LookupResult:
    return LookupResult(failure=Outcome(OutcomeKind.NOT_SENT, error=f"not asked: {why}", called=False))


def _ask(client: "Client", question: NumberQuestion) -> LookupResult:
    from orchestrator.sms.http import ErrorAnswer

    try:
        found = client.lookups.v2.phone_numbers(question.phone_number).fetch(
            fields="reassigned_number", last_verified_date=f"{question.verified_on:%Y%m%d}"
        )
    except ErrorAnswer as error:
        if error.status == 401:
            forget_secrets("TWILIO_ACCOUNT_SID")  # its token or key may have been rotated
        return _refusal(error.status, error.code, error.retry_after)
    except Exception as error:  # noqa: BLE001
        # No connection, no whole answer, or not one of Twilio's: the rest of the wave is decided on all the same.
        return LookupResult(failure=Outcome(OutcomeKind.UNKNOWN, error=f"no usable answer: {type(error).__name__}"))
    return _result_of(found.reassigned_number)


def _result_of(package: Any) -> LookupResult:
    """Read the package of a whole answer, which may hold an error of its own."""
    found = package if isinstance(package, dict) else {}
    if (code := found.get("error_code")) is not None:
        return _refusal(200, int(code) if str(code).isdigit() else None)
    if found.get("is_number_reassigned") not in set(NumberAnswer):
        return LookupResult(failure=Outcome(OutcomeKind.UNKNOWN, error="no usable answer: the package is empty"))
    return LookupResult(NumberAnswer(found["is_number_reassigned"]))


def _refusal(status: int, code: int | None, retry_after: float | None = None) -> LookupResult:
    text = fault_of(code, status).text
    return LookupResult(failure=Outcome(OutcomeKind.REFUSED, None, code or status, status, text, retry_after))
