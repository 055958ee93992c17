"""Pauses agents and message types whose texts bring STOPs or are filtered by carriers, far above the rest (R13)."""

from collections import Counter
from datetime import datetime

from psycopg import Connection

from orchestrator.brake_settings import OutcomeBrakeSettings
from orchestrator.rules.outcome_brake import outcome_pauses
from orchestrator.sms.outcomes import FILTERED
from orchestrator.store.outcomes import count_outcomes, pause_by_outcome


def brake_by_outcome(connection: Connection, settings: OutcomeBrakeSettings, now: datetime) -> Counter[str]:
    """Pause what is far above the rest, until an operator ends the pause.

    Returns:
        How many agents and types were paused now, by scope. A type may be any words of a publisher (G10).
    """
    counts = count_outcomes(connection, FILTERED, settings.outcome_brake_texts, now)
    pauses = outcome_pauses(counts, settings)
    if not pauses:
        return Counter()
    return Counter(scope for scope, _ in pause_by_outcome(connection, pauses, now))
