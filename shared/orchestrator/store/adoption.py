"""Adoption: takes over waiting messages that another sender or a person wrote into `message_queue`."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg import Connection

from orchestrator.rules.keywords import START_WORDS, STOP_WORDS
from orchestrator.store.database import sql


@dataclass(frozen=True, slots=True)
class Adoption:
    """What an adoption changed, or would change.

    Attributes:
        adopted: messages taken over.
        left: waiting messages that are not taken over, by cause.
        opt_outs: people whose last keyword is STOP.
        old_triggers: triggers on `messages` that belong to another sender.
    """

    adopted: int
    left: Counter[str]
    opt_outs: int
    old_triggers: Sequence[str]


def adopt(connection: Connection, max_age: timedelta, lifetime: timedelta, now: datetime, *, apply: bool) -> Adoption:
    """Take over waiting messages that are not ours, and store the opt-outs in the history of texts.

    Args:
        max_age: older messages stay untouched, because their texts are out of date.
        lifetime: how long an adopted message may still wait.
        apply: False changes nothing and reports what would change.
    """
    parameters = {
        "now": now,
        "oldest": now - max_age,
        "expires_at": now + lifetime,
        "stop_words": sorted(STOP_WORDS),
        "start_words": sorted(START_WORDS),
    }
    with connection.transaction(force_rollback=not apply):
        # Opt-outs first: no message is ours before its person's opt-out is known.
        opt_outs = connection.execute(sql("adopt_opt_outs"), parameters).rowcount
        adopted = connection.execute(sql("adopt_messages"), parameters).rowcount
        left: Counter[str] = Counter(dict(connection.execute(sql("count_unadopted_messages"), parameters).fetchall()))
        triggers = list_old_sender_triggers(connection)
    return Adoption(adopted, left, opt_outs, triggers)


def list_old_sender_triggers(connection: Connection) -> list[str]:
    """List the triggers on `messages` by which another sender picks up outbound rows."""
    return [name for (name,) in connection.execute(sql("list_old_sender_triggers"))]
