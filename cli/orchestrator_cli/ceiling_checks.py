"""Checks for `orchestrator doctor` what is paused, and whether a ceiling stopped messages."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from orchestrator.rules.outcome_brake import OutcomeScope
from orchestrator.rules.pause_words import PauseRow, describe_in_words, describe_pause
from orchestrator.store.agents import list_agents_at_start_limit
from orchestrator.store.gauges import read_gauges
from orchestrator.store.pauses import list_pauses
from orchestrator.store.stats import read_stats
from orchestrator_cli.check_results import CheckResult, Grade

LOOK_BACK = timedelta(days=1)
# Agents that a line of the report names.
MOST_LISTED = 5
_RUNBOOK = "See docs/runbook.md, Ceilings."
# The counts of `stats`, the reason in them, and what the line says of it.
_STOPPED = (
    ("held_by_reason", "agent_limit", "held by the hourly limit of their agents"),
    ("held_by_reason", "reply_limit", "replies above the ceilings of replies, now ordinary messages"),
    ("rejected_by_reason", "too_many_parts", "parts of sequences longer than MAX_SEQUENCE_PARTS, rejected"),
)


def ceiling_results(connection: Connection, now: datetime) -> Iterator[CheckResult]:
    """Check what the ceilings stopped in the last day, and which agents wait for an owner's decision."""
    stats: Mapping[str, Any] = read_stats(connection, now - LOOK_BACK)
    stopped = False
    for counts, reason, words in _STOPPED:
        if number := stats[counts].get(reason, 0):
            stopped = True
            yield CheckResult("ceilings", Grade.DOUBTFUL, f"in the last day {number} {words} ({reason})", _RUNBOOK)
    if waiting := list_agents_at_start_limit(connection, MOST_LISTED):
        stopped = True
        names = ", ".join(f"{a.agent_id} ({a.messages} of {a.publisher or 'no publisher'})" for a in waiting)
        fix = "Decide on each: `orchestrator agent set PREFIX`."
        yield CheckResult("ceilings", Grade.DOUBTFUL, f"agents without settings wait at the start limit: {names}", fix)
    for ceiling in read_gauges(connection, now).cost_ceilings:
        stopped = True
        fix = "See docs/runbook.md, Cost over the ceiling."
        lanes = "everything waits" if ceiling == "twilio_urgent" else "the ordinary lanes wait"
        yield CheckResult("ceilings", Grade.DOUBTFUL, f"Twilio has reached a ceiling of the day: {lanes}", fix)
    if not stopped:
        yield CheckResult("ceilings", Grade.GOOD, "stopped nothing in the last day")


def pause_results(connection: Connection, now: datetime) -> Iterator[CheckResult]:
    """Check what is paused; agents and message types that paused themselves by outcome have a line of their own."""
    pauses = list_pauses(connection, now)
    others = [pause for pause in pauses if pause.scope not in set(OutcomeScope)]
    for pause in others:
        resume = describe_pause(pause.scope, pause.value).resume
        fix = f"When it is time: `{resume}`." if resume else "It ends by itself; docs/runbook.md, How to look."
        yield CheckResult("sending", Grade.DOUBTFUL, f"PAUSED {describe_in_words(pause)}", fix)
    if not others:
        yield CheckResult("sending", Grade.GOOD, "nothing is paused")
    yield from _outcome_results(pauses)


def _outcome_results(pauses: Iterable[PauseRow]) -> Iterator[CheckResult]:
    by_outcome = [pause for pause in pauses if pause.scope in set(OutcomeScope)]
    for pause in by_outcome:
        fix = f"See docs/runbook.md, Paused by outcome; then `{describe_pause(pause.scope, pause.value).resume}`."
        yield CheckResult("outcomes", Grade.DOUBTFUL, f"PAUSED {describe_in_words(pause)}", fix)
    if not by_outcome:
        yield CheckResult("outcomes", Grade.GOOD, "no agent and no message type is paused by what its texts brought")
