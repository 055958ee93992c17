"""What each pause stops, what set it, and which command ends it, in words (R13)."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple

from orchestrator.rules.local_time import format_time


class PauseRow(NamedTuple):
    """What is paused, by whom, why and since when.

    `paused_by` is None where a function set the pause, and `ends_at` where it does not end by itself.
    """

    scope: str
    value: str
    paused_by: str | None
    note: str | None
    paused_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class PauseWords:
    """One pause in words.

    Attributes:
        stops: what it stops, such as `lane low`.
        set_by: what set it; `an operator` where a person did.
        resume: the command that ends it; None where it ends by itself alone.
    """

    stops: str
    set_by: str
    resume: str | None


_OPERATOR = "an operator"
_RESUME = "orchestrator resume"
# By the scope of a pause (`orchestrator.pauses`); `{}` is its value.
_WORDS = {
    "everything": PauseWords("everything", _OPERATOR, _RESUME),
    "provider": PauseWords("everything", "Twilio's refusals or an outage of Twilio", _RESUME),
    "lane": PauseWords("lane {}", _OPERATOR, f"{_RESUME} --lane {{}}"),
    "busy": PauseWords("lane {}", "Twilio, which asked to slow down", f"{_RESUME} --lane {{}}"),
    "spending": PauseWords("the ordinary lanes", "Twilio's ceiling of the day", f"{_RESUME} --spending"),
    "agent": PauseWords("agent {}", _OPERATOR, f"{_RESUME} --agent {{}}"),
    "brake": PauseWords("agent {}", "the throttle", f"{_RESUME} --agent {{}}"),
    "agent_outcomes": PauseWords("agent {}", "the brake by outcome", f"{_RESUME} --agent {{}}"),
    "type": PauseWords("type {}", _OPERATOR, f"{_RESUME} --type {{}}"),
    "type_outcomes": PauseWords("type {}", "the brake by outcome", f"{_RESUME} --type {{}}"),
    "user": PauseWords("user {}", _OPERATOR, f"{_RESUME} --user {{}}"),
    "country": PauseWords("texts to {}", "Twilio, which refuses texts to this country", None),
}
# Three times the ceiling stops `urgent` and replies, too, and nothing lifts it that day.
_LAST_CEILING = PauseWords("everything", "three times Twilio's ceiling of the day", None)


def describe_pause(scope: str, value: str) -> PauseWords:
    """A pause in words.

    Args:
        scope, value: as `orchestrator.pauses` stores them.
    """
    if (scope, value) == ("spending", "urgent"):
        return _LAST_CEILING
    words = _WORDS.get(scope, PauseWords(f"{scope} {{}}", "a function", None))
    resume = words.resume and words.resume.format(shlex.quote(value))
    return PauseWords(words.stops.format(value).strip(), words.set_by, resume)


def describe_in_words(pause: PauseRow, zone: tzinfo = UTC) -> str:
    """What a pause stops, since when, by whom, why and until when, in one line."""
    words = describe_pause(pause.scope, pause.value)
    since, by = format_time(pause.paused_at, zone), pause.paused_by or words.set_by
    why = f": {pause.note}" if pause.note else ""
    return f"{words.stops} since {since} by {by}{why} ({_end_of(pause, zone)})"


def data_of(pauses: Sequence[PauseRow]) -> list[dict[str, Any]]:
    """Pauses as data, for `--json`, with what each stops and what set it in words."""
    described = [(pause, describe_pause(pause.scope, pause.value)) for pause in pauses]
    return [
        {**pause._asdict(), "stops": words.stops, "paused_by": pause.paused_by or words.set_by}
        for pause, words in described
    ]


def _end_of(pause: PauseRow, zone: tzinfo) -> str:
    resume = describe_pause(pause.scope, pause.value).resume
    until = f"until {format_time(pause.ends_at, zone)}" if pause.ends_at else "until"
    if resume is None:
        return until if pause.ends_at else "until it ends by itself"
    return f"{until}, or `{resume}`" if pause.ends_at else f"until `{resume}`"
