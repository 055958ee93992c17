"""Checks a day of faults by what lies outside the functions: the phones, the rows, the queues and the dead letters."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.faults.day import CONSUMERS, Day, bodies, dead_letters

# What is due is under way within this, and what was put on a queue is taken.
PATIENCE = timedelta(minutes=20)


@dataclass
class DayReport:
    """What the checks found; each list names messages or numbers.

    Attributes:
        ends: messages by status and reason.
        lost: messages without a row, or that count as sent although no text arrived.
        twice: messages of which more than one text arrived.
        unseen: texts that arrived although their message does not count as sent.
        dead: dead letters that are not at fault themselves, and bad ones that lie in no dead-letter queue.
        late: numbers that got a published text after the webhook had taken their wish to stop.
        untrue: messages that ended with a reason that the outside does not confirm.
        stuck: messages that are due, or under way, for too long, and records that still lie in a queue.
        unknown: messages of unknown outcome.
        doubtful_calls: the requests that Twilio did not answer.
    """

    ends: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    unknown: int = 0
    doubtful_calls: int = 0

    def problems(self) -> list[str]:
        """Whatever must not be, a line each."""
        names = ("lost", "twice", "unseen", "dead", "late", "untrue", "stuck")
        return [f"{name}: {what}" for name in names for what in getattr(self, name)]

    def __str__(self) -> str:
        ends = ", ".join(f"{number} {end}" for end, number in self.ends.most_common())
        return (
            f"{self.ends.total()} messages: {ends}; lost {len(self.lost)}, twice {len(self.twice)}, in a dead-letter "
            f"queue without being at fault {len(self.dead)}, STOPs late {len(self.late)}, untrue reasons "
            f"{len(self.untrue)}, stuck {len(self.stuck)}, unknown outcomes {self.unknown}"
        )


def check_day(day: Day) -> DayReport:
    """Compare what was published with what arrived."""
    found = DayReport()
    texts = Counter((text.to, text.body) for text in day.world.phones.texts)
    arrived = Counter(
        request.message_id for request in day.log.requests if texts[(request.to, request.body)] and request.message_id
    )
    rows = {
        row[0]: row[1:]
        for row in day.world.all(
            "SELECT m.id, m.status, m.reason, m.scheduled_for, m.expires_at, m.lease_until, m.sequence_id,"
            "       u.phone_number FROM message_queue m JOIN users u ON u.id = m.user_id"
        )
    }
    for message_id in day.log.published:
        _check_message(day, found, message_id, rows, arrived)
    found.twice += [f"{to}: {body}" for (to, body), number in texts.items() if number > 1]
    found.unknown = found.ends["failed (unknown_outcome)"]
    found.doubtful_calls = sum(not request.was_answered for request in day.log.requests)
    _check_queues(day, found)
    for phone, before in day.log.wishes.items():
        published = (request for request in day.log.requests[before:] if request.message_id)
        found.late += [f"{phone}: {request.body}" for request in published if request.to == phone]
    return found


def _check_message(day: Day, found: DayReport, message_id: UUID, rows: dict[UUID, Any], arrived: Counter[UUID]) -> None:
    if message_id not in rows:
        found.lost.append(str(message_id))
        found.ends["lost"] += 1
        return
    status, reason, due, expires_at, lease_until, sequence_id, phone = rows[message_id]
    end = f"{status} ({reason})" if reason else status
    name = f"{message_id} {end}: {day.log.published[message_id]}"
    found.ends[end] += 1
    if status == "sent" and not arrived[message_id]:
        found.lost.append(name)
    if status != "sent" and arrived[message_id]:
        found.unseen.append(name)
    if status in ("queued", "approved", "sending"):
        if max(due, lease_until or due) < day.true_now - PATIENCE or (status == "queued" and not reason):
            found.stuck.append(name)
        return
    wished = phone in day.log.wishes or phone in day.log.lost_wishes
    unanswered = any(r.message_id == message_id and not r.was_answered for r in day.log.requests)
    parts = [row for row in rows.values() if sequence_id is not None and row[5] == sequence_id]
    is_true = {
        "sent": True,
        "failed (unknown_outcome)": unanswered,
        "cancelled (opted_out)": wished,
        "cancelled (withdrawn)": message_id in day.log.withdrawn,
        "cancelled (sequence_stopped)": wished or any(row[1] == "unknown_outcome" for row in parts),
        "expired": expires_at <= day.true_now,
        "expired (expired)": expires_at <= day.true_now,
    }
    if not is_true.get(end, False):
        found.untrue.append(name)


def _check_queues(day: Day, found: DayReport) -> None:
    dead = dead_letters()
    found.dead += [f"{queue}: {body}" for queue, rest in dead.items() for body in rest if body not in day.log.bad]
    found.dead += [f"in no dead-letter queue: {body}" for body in day.log.bad if body not in dead["enqueue-dead"]]
    found.stuck += [f"{queue}: {body}" for queue in CONSUMERS for body in bodies(queue, day.true_now - PATIENCE)]
