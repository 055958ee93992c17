"""Counts what texts brought, and pauses agents and message types by it (R13)."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from psycopg import Connection

from orchestrator.ids import first_id_at
from orchestrator.rules.outcome_brake import OutcomeCount, OutcomePause, Outcomes
from orchestrator.store.database import columns, one_round_trip, sql

# Texts of so many days are counted, and of those at most the newest `MOST_COUNTED`, because each tick counts them.
COUNTED = timedelta(days=7)
MOST_COUNTED = 20_000
# A STOP is charged to the last text that went to its number within this time before it.
STOP_WITHIN = timedelta(hours=24)
# Opt-outs that a person wrote. What an operator recorded, or Twilio answered, follows no text of a known time, and
# "wrong number" is no word on what was sent.
STOP_SOURCES = ("keyword", "opt_out_type", "phrase", "free_words")


def count_outcomes(
    connection: Connection, filter_codes: Collection[int], least: int, now: datetime
) -> list[OutcomeCount]:
    """Count what the texts of the last days brought, by agent and message type; one round trip.

    Args:
        filter_codes: Twilio's codes of texts that a carrier filtered.
        least: an agent, or a type, with fewer texts is not named.
    """
    since = now - COUNTED
    parameters = {
        "since": since,
        "first_id": first_id_at(since),
        "limit": MOST_COUNTED,
        "filter_codes": sorted(filter_codes),
        "stop_within": STOP_WITHIN,
        "stop_sources": list(STOP_SOURCES),
        "least": least,
    }
    with one_round_trip(connection):
        rows = connection.execute(sql("count_outcomes"), parameters)
    return [OutcomeCount(agent, kind, Outcomes(texts, stops, filtered)) for agent, kind, texts, stops, filtered in rows]


def pause_by_outcome(connection: Connection, pauses: Sequence[OutcomePause], now: datetime) -> list[tuple[str, str]]:
    """Pause agents and types; returns scope and value of those that were not paused before; one round trip."""
    with one_round_trip(connection):
        rows = connection.execute(sql("pause_by_outcome"), {**columns(pauses, "scope", "value", "note"), "now": now})
    return [(scope, value) for scope, value in rows]
