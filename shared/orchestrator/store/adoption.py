"""Taking over messages that another sender left behind, or that somebody wrote into `message_queue`."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg import Connection

from orchestrator.rules.keywords import START_WORDS, STOP_WORDS
from orchestrator.store.database import sql


@dataclass(frozen=True, slots=True)
class Adoption:
    """What adopting does, or would do.

    Attributes:
        adopted: messages taken over.
        left: waiting messages that are left alone, by why.
        opt_outs: people whose last word was STOP.
        old_triggers: triggers on `messages` that belong to another sender.
    """

    adopted: int
    left: Counter[str]
    opt_outs: int
    old_triggers: Sequence[str]


def adopt(connection: Connection, max_age: timedelta, lifetime: timedelta, now: datetime, *, apply: bool) -> Adoption:
    """Take over waiting messages that are not ours, and remember past STOPs.

    Args:
        max_age: older messages are left alone: nobody wants last month's text.
        lifetime: how long an adopted message may still wait.
        apply: False changes nothing and tells what would happen.
    """
    parameters = {
        "now": now,
        "oldest": now - max_age,
        "expires_at": now + lifetime,
        "stop_words": sorted(STOP_WORDS),
        "start_words": sorted(START_WORDS),
    }
    with connection.transaction(force_rollback=not apply):
        # Past STOPs first: nothing is ours before its person's wish is known.
        opt_outs = connection.execute(sql("adopt_opt_outs"), parameters).rowcount
        adopted = connection.execute(sql("adopt_messages"), parameters).rowcount
        left: Counter[str] = Counter(dict(connection.execute(sql("count_unadopted_messages"), parameters).fetchall()))
        triggers = old_triggers(connection)
    return Adoption(adopted, left, opt_outs, triggers)


def old_triggers(connection: Connection) -> list[str]:
    """The triggers on `messages` that belong to another sender."""
    return [name for (name,) in connection.execute(sql("list_old_sender_triggers"))]
