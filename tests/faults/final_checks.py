"""What must be true when all is over: nothing lost, nothing twice, no limit broken, no slot leaked."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from tests.faults.function_processes import Rig

HOUR = timedelta(hours=1)


@dataclass
class Reckoning:
    """The published held against what arrived.

    Attributes:
        ends: messages by status and reason.
        lost: messages that left no trace, or whose text did not arrive although they count as sent.
        twice: texts that arrived more than once.
        unseen: texts that arrived although their message did not end as sent.
        limits_broken: people who got more texts in some 60 minutes, or on some day, than they may.
        leaked: people whose count of a day differs from the slots that attempts hold.
        open: attempts that nothing settled.
    """

    ends: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    limits_broken: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)
    open: int = 0

    @property
    def clean(self) -> bool:
        """Whether every guarantee held."""
        return not (self.lost or self.twice or self.unseen or self.limits_broken or self.leaked or self.open)


def reckon(rig: Rig, published: Mapping[UUID, str], hourly: int, daily: int) -> Reckoning:
    """Compare what was published with what arrived on the phones.

    Args:
        published: the words of each message; no two have the same.
        hourly, daily: everybody's limits.
    """
    found = Reckoning()
    arrived = Counter(text.body for text in rig.phones.texts)
    rows = {
        message_id: (status, reason)
        for message_id, status, reason in rig.connection.execute("SELECT id, status, reason FROM message_queue")
    }
    for message_id, words in published.items():
        status, reason = rows.get(message_id, ("lost", None))
        found.ends[f"{status} ({reason})" if reason else status] += 1
        if status == "lost" or (status == "sent" and not arrived[words]):
            found.lost.append(f"{words}: {status}")
        if arrived[words] > 1:
            found.twice.append(words)
        if arrived[words] and status != "sent":
            found.unseen.append(f"{words}: {status} ({reason})")
    found.limits_broken = _limits_broken(rig, hourly, daily)
    found.leaked = [
        f"{user_id} {day}: counted {counted}, held {held}"
        for user_id, day, counted, held in rig.connection.execute(
            "SELECT b.user_id, b.date, b.messages_sent, count(a.id) FROM user_message_budget b"
            "  LEFT JOIN orchestrator.attempts a"
            "    ON a.user_id = b.user_id AND a.local_date = b.date AND a.holds_slot"
            " GROUP BY b.user_id, b.date, b.messages_sent HAVING b.messages_sent <> count(a.id)"
        )
    ]
    ((found.open,),) = rig.connection.execute("SELECT count(*) FROM orchestrator.attempts WHERE outcome IS NULL")
    return found


def _limits_broken(rig: Rig, hourly: int, daily: int) -> list[str]:
    """By the times at which slots were taken, and by the people's own days.

    An urgent text that cannot wait ignores the hourly limit (R5); it counts for those that come after it.
    """
    broken = []
    sends: dict[UUID, list[tuple[datetime, date, bool]]] = {}
    for user_id, *send in rig.connection.execute(
        "SELECT a.user_id, a.started_at, a.local_date, m.priority = 'urgent' AND NOT m.can_delay"
        "  FROM orchestrator.attempts a JOIN message_queue m ON m.id = a.message_id"
        " WHERE a.outcome IN ('accepted', 'unknown') AND (a.part IS NULL OR a.part = 1) ORDER BY a.started_at"
    ):
        sends.setdefault(user_id, []).append((send[0], send[1], send[2]))
    for user_id, of_person in sends.items():
        for started_at, _, ignores_hours in of_person:
            in_this_hour = sum(started_at - HOUR < earlier <= started_at for earlier, _, _ in of_person)
            if in_this_hour > hourly and not ignores_hours:
                broken.append(f"{user_id}: {in_this_hour} in the hour before {started_at}")
        days = Counter(day for _, day, _ in of_person)
        broken.extend(f"{user_id}: {number} on {day}" for day, number in days.items() if number > daily)
    return broken
