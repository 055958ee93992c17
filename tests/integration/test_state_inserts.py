"""What is stored of accepted messages, beside messages that are withdrawn, too late, or another publisher's."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from orchestrator.rules.reasons import Reason, Status
from orchestrator.store.database import array, columns, sql
from orchestrator.store.intake import AcceptedMessage
from tests.rows_by_name import differing, id_of, name_of, number_of, put, rows_by_name
from tests.state_cases import DAY, HOUR, MINUTE, NOW, TODAY, USUAL
from tests.world import World

ADA, BEN, CEM = id_of("ada"), id_of("ben"), id_of("cem")
LEASE = NOW + 10 * MINUTE
# What is as usual of an accepted message, and of its row.
ACCEPTED: dict[str, Any] = {
    "user_id": ADA,
    "agent_id": "coach",
    "message_data": json.dumps({"type": "note"}),
    "priority": "high",
    "can_delay": True,
    "requires_fresh_context": False,
    "not_before": None,
    "best_at": None,
    "best_kind": None,
    "best_probability": None,
    "expires_at": NOW + DAY,
    "due": NOW + HOUR,
    "status": Status.QUEUED,
    "reason": None,
    "lease_until": None,
    "conversation_context_id": None,
    "published_at": NOW,
    "topic": None,
    "supersedes_message_id": None,
    "publisher": "acme",
    "published_by": "acme:role",
    "sequence_id": None,
    "sequence_position": None,
    "sequence_total": None,
    "local_date": TODAY,
    "allow_repeat": False,
    "expects_reply": False,
    "is_reply": False,
}
EVERYTHING: dict[str, Any] = {
    "user_id": BEN,
    "agent_id": "bank",
    "priority": "low",
    "can_delay": False,
    "requires_fresh_context": True,
    "not_before": NOW + MINUTE,
    "best_at": NOW + 2 * MINUTE,
    "best_kind": "learned",
    "best_probability": 0.5,
    "expires_at": NOW + 2 * DAY,
    "lease_until": LEASE,
    "status": Status.APPROVED,
    "conversation_context_id": id_of("a talk"),
    "published_at": NOW - MINUTE,
    "topic": "news",
    "supersedes_message_id": id_of("another"),
    "publisher": "bank",
    "published_by": "bank:role",
    "allow_repeat": True,
    "expects_reply": True,
    "is_reply": True,
}


def part(sequence: str, position: int = 2, **own: Any) -> dict[str, Any]:
    return {"sequence_id": id_of(sequence), "sequence_position": position, "sequence_total": 3, **own}


INCOMPLETE: dict[str, Any] = {"reason": "sequence_incomplete", "publisher": "acme:role"}
# Parts that came before: their columns.
BEFORE: dict[str, dict[str, Any]] = {
    "part of acme": part("of acme", 1, publisher="acme:other"),
    "part of bank": part("of bank", 1, publisher="bank:role"),
    "part of none": part("of none", 1, publisher=None),
    "part of bank, not accepted": part("of bank, not accepted", 1, publisher="bank:role", accepted_at=None),
    "part that waits": part("waits", 1, scheduled_for=NOW + 9 * MINUTE, **INCOMPLETE),
    "another part that waits": part("waits", 3, scheduled_for=NOW + 8 * MINUTE, **INCOMPLETE),
    "part that failed": part("failed", 1, status="failed", **INCOMPLETE),
    "part that failed otherwise": part("failed otherwise", 1, status="failed", reason="expired", publisher="acme"),
    "part that failed, not accepted": part("failed, not accepted", 1, status="failed", **INCOMPLETE, accepted_at=None),
    "part that waits otherwise": part("waits otherwise", 1, reason="quiet_hours", publisher="acme"),
    "part that waits, not accepted": part("waits, not accepted", 1, **INCOMPLETE, accepted_at=None),
    "part that is approved": part("approved", 1, status="approved", **INCOMPLETE),
    "part of one without an owner": part("without an owner", 1, publisher=None),
    "known": {"priority": "medium"},
}
WITHDRAWN = {"status": "cancelled", "reason": "withdrawn", "lease_until": None}
OTHERS = {
    "status": "failed",
    "reason": "not_yours",
    **dict.fromkeys(("supersedes_message_id", "sequence_id", "sequence_position", "sequence_total")),
}
WAITING: dict[str, Any] = {"reason": Reason("sequence_incomplete")}
# Messages of the batch: what is not as usual, and what is stored otherwise; nothing is stored of what is None.
BATCH: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = {
    "plain": ({}, {}),
    "everything": (EVERYTHING, {}),
    "held": ({"reason": Reason("quiet_hours")}, {}),
    "approved, with a reason": ({"status": Status.APPROVED, "reason": Reason("quiet_hours")}, {}),
    "withdrawn": ({"lease_until": LEASE, "status": Status.APPROVED}, WITHDRAWN),
    "withdrawn by another": ({}, {}),
    "of the topic withdrawn": ({"topic": "old"}, WITHDRAWN),
    "to a sequence of acme": (part("of acme"), {}),
    "to a sequence of bank": (part("of bank", supersedes_message_id=id_of("another")), OTHERS),
    "to a sequence of bank, withdrawn": (part("of bank", 3), {**OTHERS, **WITHDRAWN}),
    "to a sequence of none": (part("of none"), OTHERS),
    "to a sequence of bank that is not accepted": (part("of bank, not accepted"), {}),
    "to a sequence that waits": (part("waits", **WAITING), {"scheduled_for": NOW + 8 * MINUTE}),
    "to a sequence that failed": (part("failed", **WAITING), {"status": "failed"}),
    "to a sequence that failed otherwise": (part("failed otherwise", **WAITING), {}),
    "to a sequence that failed, not accepted": (part("failed, not accepted", **WAITING), {}),
    "to a sequence that waits otherwise": (part("waits otherwise", **WAITING), {}),
    "to a sequence that waits, not accepted": (part("waits, not accepted", **WAITING), {}),
    "to a sequence that is approved": (part("approved", **WAITING), {}),
    "to one without an owner, without one": (part("without an owner", publisher=None), {}),
    "known": ({}, None),
    "at a known place": (part("of acme", 1), None),
}


def put_before(world: World) -> None:
    people = [{"id": person, "phone_number": number_of(place)} for place, person in enumerate((ADA, BEN, CEM))]
    put(world.connection, "users", people)
    talk = {"id": id_of("a talk"), "user_id": BEN, "phone_number": number_of(1)}
    put(world.connection, "conversations", [talk])
    usual = USUAL["message_queue"] | {"user_id": ADA}
    put(world.connection, "message_queue", [usual | {"id": id_of(name)} | own for name, own in BEFORE.items()])
    withdrawals = [
        ("withdrawn", "acme"),
        ("withdrawn by another", "bank"),
        ("to a sequence of bank, withdrawn", "acme"),
    ]
    put(
        world.connection,
        "orchestrator.withdrawals",
        [{"message_id": id_of(name), "publisher": publisher, "withdrawn_at": NOW} for name, publisher in withdrawals],
    )
    topic = {"user_id": ADA, "topic": "old", "publisher": "acme", "withdrawn_at": NOW}
    put(world.connection, "orchestrator.topic_withdrawals", [topic])
    limits = {"daily_limit": 7, "hourly_limit": 3, "quiet_hours_enabled": False}
    budgets = [(ADA, TODAY, 5), (BEN, TODAY - timedelta(days=1), 4)]
    rows = [{"id": person, "user_id": person, "date": day, "messages_sent": sent} for person, day, sent in budgets]
    put(world.connection, "user_message_budget", rows, **limits)


def insert(world: World, messages: Mapping[str, Mapping[str, Any]], people: list[UUID], days: list[object]) -> Any:
    accepted = [AcceptedMessage(id_of(name), **ACCEPTED | {**own}) for name, own in messages.items()]
    accepted.append(AcceptedMessage(id_of("plain"), **ACCEPTED | {"agent_id": "the same id again"}))
    given = {"people": array(people), "days": array(days), "daily_limit": 10, "hourly_limit": 2, "now": NOW}
    rows = {**columns(accepted, *AcceptedMessage.__slots__), **given}
    return world.connection.execute(sql("insert_messages"), rows).fetchall()


def test_what_is_stored_of_messages(world: World) -> None:
    put_before(world)
    people = [ADA, ADA, BEN, CEM, BEN]
    days: list[object] = [TODAY, TODAY - timedelta(days=1), TODAY, TODAY, TODAY - timedelta(days=1)]
    returned = insert(world, {name: own for name, (own, _) in BATCH.items()}, people, days)

    expected = {}
    for name, (own, after) in BATCH.items():
        if after is not None:
            row = ACCEPTED | own
            row |= {"message_data": json.loads(row["message_data"]), "scheduled_for": row.pop("due")}
            del row["local_date"]
            stored = {
                "accepted_at": NOW,
                "created_at": NOW,
                "conversation_context_id": name_of(row["conversation_context_id"]),
            }
            expected[name] = {key: name_of(value) for key, value in (row | stored | after).items()}
    found = rows_by_name(
        world.connection,
        f"SELECT id, {', '.join(expected['plain'])} FROM message_queue WHERE id <> ALL (%s)",
        [id_of(name) for name in BEFORE],
    )
    assert differing(found, expected) == {}
    assert sorted((name_of(row[0]), name_of(row[1]), row[2]) for row in returned) == sorted(
        (name, row["user_id"], row["status"]) for name, row in expected.items()
    )
    assert world.row(id_of("known"))["priority"] == "medium"

    entries = rows_by_name(world.connection, "SELECT message_id, at, status, reason, until FROM orchestrator.timeline")
    told = {
        name: {"at": NOW, "status": row["status"], "reason": row["reason"]}
        | {"until": row["scheduled_for"] if row["status"] == "queued" else None}
        for name, row in expected.items()
        if row["reason"]
    }
    assert differing(entries, told) == {}
    budgets = world.all(
        "SELECT user_id, date, messages_sent, daily_limit, hourly_limit, quiet_hours_enabled FROM user_message_budget"
    )
    assert sorted((name_of(person), *row) for person, *row in budgets) == [
        ("ada", TODAY - timedelta(days=1), 0, 7, 3, False),
        ("ada", TODAY, 5, 7, 3, False),
        ("ben", TODAY - timedelta(days=1), 4, 7, 3, False),
        ("ben", TODAY, 0, 7, 3, False),
        ("cem", TODAY, 0, 10, 2, True),
    ]
