"""Numbers change hands (R15): when Twilio is asked whether one has another owner, and what follows."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from orchestrator.rules.decision_values import End, Hold
from orchestrator.rules.reasons import Reason, Status

# Once a number and month, because each question costs.
ASKED_EVERY = timedelta(days=30)
# While a worker asks about a number, others wait so long.
CLAIM_LASTS = timedelta(minutes=1)
# A message to a number of which Twilio has no data waits so long for a newer consent, and is then decided on again.
RECHECK_AFTER = timedelta(days=1)
# Where the day begins last in the United States: a consent's day is never dated too late.
_WESTERNMOST = ZoneInfo("Pacific/Honolulu")


class NumberAnswer(StrEnum):
    """Twilio's answer: whether the number has another owner since a day.

    Source: https://www.twilio.com/docs/lookup/v2-api/reassigned-number, "is_number_reassigned".
    """

    SAME_OWNER = "no"
    OTHER_OWNER = "yes"
    NO_DATA = "no_data_available"  # mostly because the day lies before January 2021


@dataclass(frozen=True, slots=True)
class NumberCheck:
    """An answer of Twilio about a number: whether it has another owner since `verified_on`."""

    answer: NumberAnswer
    verified_on: date
    asked_at: datetime


def day_of_consent(consent_at: datetime) -> date:
    """The day since which a number is known to be its person's."""
    return consent_at.astimezone(_WESTERNMOST).date()


def standing_answer(last: NumberCheck | None, consent_on: date, now: datetime) -> NumberAnswer | None:
    """The answer that still counts; None where Twilio is to be asked.

    That the owner is the same holds for a month, also after a newer consent. Any other answer holds for the consent
    that it was about: a newer one is asked about at once.
    """
    if last is None or last.asked_at <= now - ASKED_EVERY:
        return None
    if last.answer is NumberAnswer.SAME_OWNER or last.verified_on >= consent_on:
        return last.answer
    return None


def decide_by_answer(answer: NumberAnswer, consent_on: date, now: datetime) -> Hold | End | None:
    """What an answer means for a marketing message; None where it may go.

    Another owner never agreed, and is opted out, as after "wrong number" (R11).
    """
    match answer:
        case NumberAnswer.SAME_OWNER:
            return None
        case NumberAnswer.OTHER_OWNER:
            return End(Status.CANCELLED, Reason.OPTED_OUT)
        case NumberAnswer.NO_DATA:
            note = f"Twilio has no data of the number since {consent_on}; record a newer consent"
            return Hold(now + RECHECK_AFTER, Reason.NUMBER_UNCHECKED, note)


def describe_check(check: NumberCheck) -> str:
    """An answer in words for operators."""
    words = {
        NumberAnswer.SAME_OWNER: "the number has had the same owner",
        NumberAnswer.OTHER_OWNER: "the number has another owner",
        NumberAnswer.NO_DATA: "Twilio has no data of the number",
    }
    return f"{words[check.answer]} since {check.verified_on} (R15)"
