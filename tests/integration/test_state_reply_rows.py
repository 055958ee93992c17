"""Which rows that agents wrote become replies, and what is stored of them, beside rows that almost do."""

from typing import Any
from uuid import UUID

import pytest

from orchestrator.store.database import sql
from tests.rows_by_name import differing, id_of, name_of, number_of, put, rows_by_name
from tests.state_cases import DAY, HOUR, MINUTE, NOW, SECOND
from tests.world import World

BOUND = ("publisher_not_allowed", "names an agent that is bound to publishers, and a row names none")
INVALID = ("invalid_field", "is blank, or holds a character that is not printable ASCII")
FIXES = {
    BOUND[0]: "Publish the reply with the agent's own role, or change `orchestrator agent set`",
    INVALID[0]: "Name the agent in ASCII",
}
LAST_ID = UUID(int=2**128 - 1)
TAKEN = "taken"
# Rows by name: what is not as usual, and what becomes of it: `taken`, a refusal with what is wrong, or nothing.
ROWS: dict[str, tuple[dict[str, Any], object]] = {
    "pending": ({"created_at": NOW - HOUR}, TAKEN),
    "queued to send": ({"status": "queued_for_send", "created_at": NOW + SECOND}, TAKEN),
    "almost a day old": ({"created_at": NOW - DAY + SECOND, "role": " Bank_1 "}, TAKEN),
    "of a bound agent": ({"role": "Crm_7"}, BOUND),
    "of an agent that is not bound, though one of a shorter name is": ({"role": "crm_open_1"}, TAKEN),
    "of no agent": ({"role": " "}, INVALID),
    "of an agent in other letters": ({"role": "crm\u00e9"}, INVALID),
    "of an agent with a line break": ({"role": "bank\n1"}, INVALID),
    "rejected before": ({"role": "crm_8"}, BOUND),
    "inbound": ({"direction": "inbound"}, None),
    "sent": ({"status": "sent"}, None),
    "queued": ({"status": "queued"}, None),
    "a day old": ({"created_at": NOW - DAY}, None),
    "left alone": ({}, None),
    "known": ({}, "known"),
}


def put_rows(world: World) -> None:
    put(world.connection, "users", [{"id": id_of("ada"), "phone_number": number_of(0)}])
    put(
        world.connection,
        "conversations",
        [{"id": id_of("talk"), "user_id": id_of("ada"), "phone_number": number_of(0)}],
    )
    usual: dict[str, object] = {"user_id": id_of("ada"), "conversation_id": id_of("talk"), "role": "coach"}
    usual |= {"direction": "outbound", "status": "pending", "created_at": NOW - MINUTE}
    rows = [{**usual, "id": id_of(name), "content": name, **own} for name, (own, _) in ROWS.items()]
    put(world.connection, "messages", rows)
    put(world.connection, "orchestrator.left_alone", [{"message_id": id_of("left alone")}])
    known = {"id": id_of("known"), "user_id": id_of("ada"), "agent_id": "x", "message_data": {}, "status": "sent"}
    put(world.connection, "message_queue", [{**known, "scheduled_for": NOW}])
    agents: list[dict[str, object]] = [
        {"prefix": "crm", "publishers": ["acme"]},
        {"prefix": "crm_open", "publishers": None},
    ]
    usual_agent = {"may_use_urgent": True, "needs_approval": False, "purpose": "informational"}
    put(world.connection, "orchestrator.agents", agents, **usual_agent)
    rejection = {"sqs_message_id": id_of("rejected before"), "reason": "x", "field": "x", "problem": "x"}
    put(world.connection, "orchestrator.rejections", [{**rejection, "rejected_at": NOW - HOUR}])


def claim(world: World, limit: int = 100) -> list[str]:
    given = {"now": NOW, "limit": limit, "lifetime": DAY}
    return [name_of(row[0]) for row in world.connection.execute(sql("claim_reply_rows"), given)]


@pytest.mark.parametrize("has_bus", [True, False])
def test_which_rows_become_replies(world: World, has_bus: bool) -> None:
    put_rows(world)
    put(world.connection, "orchestrator.event_bus", [{"name": "bus"}] * has_bus)
    taken = {name: own for name, (own, fate) in ROWS.items() if fate == TAKEN}
    refused = {name: fate for name, (_, fate) in ROWS.items() if isinstance(fate, tuple)}
    assert sorted(claim(world)) == sorted(taken)

    statuses = dict(world.all("SELECT content, status FROM messages"))
    expected = {name: own.get("status", "pending") for name, (own, _) in ROWS.items()}
    expected |= dict.fromkeys([*taken, "known"], "queued") | dict.fromkeys(refused, "failed")
    assert statuses == expected

    agents = {
        "almost a day old": "bank_1",
        "of an agent that is not bound, though one of a shorter name is": "crm_open_1",
    }
    replies = rows_by_name(
        world.connection,
        "SELECT id, user_id, agent_id, message_data, final_message, words_source, priority, can_delay, reason, status,"
        " requires_fresh_context, scheduled_for, expires_at, conversation_context_id, accepted_at, created_at,"
        " published_at, is_reply FROM message_queue WHERE id <> %s",
        id_of("known"),
    )
    assert (
        differing(
            replies,
            {
                name: {
                    "user_id": "ada",
                    "agent_id": agents.get(name, "coach"),
                    "message_data": {"type": "reply", "message": name},
                    "final_message": name,
                    "words_source": "row",
                    "priority": "urgent",
                    "can_delay": True,
                    "reason": "reply_order",
                    "status": "queued",
                    "requires_fresh_context": False,
                    "scheduled_for": NOW,
                    "expires_at": NOW + DAY,
                    "conversation_context_id": "talk",
                    "accepted_at": NOW,
                    "created_at": own.get("created_at", NOW - MINUTE),
                    "published_at": min(NOW, own.get("created_at", NOW - MINUTE)),
                    "is_reply": True,
                }
                for name, own in taken.items()
            },
        )
        == {}
    )

    rejections = rows_by_name(
        world.connection,
        "SELECT message_id, sqs_message_id, agent_id, reason, field, problem, rejected_at FROM orchestrator.rejections"
        " WHERE message_id IS NOT NULL",
    )
    agents = {"of a bound agent": "crm_7"}
    new = {name: fate for name, fate in refused.items() if name != "rejected before"}
    assert (
        differing(
            rejections,
            {
                name: {
                    "sqs_message_id": str(id_of(name)),
                    "agent_id": agents.get(name),
                    "reason": reason,
                    "field": "role",
                    "problem": f"role: {problem}. {FIXES[reason]}.",
                    "rejected_at": NOW,
                }
                for name, (reason, problem) in new.items()
            },
        )
        == {}
    )
    told = rows_by_name(world.connection, "SELECT message_id, type, user_id, at, detail FROM orchestrator.events")
    details = {
        name: {"agent_id": agents.get(name), "action": "reply", "reason": reason, "field": "role", "fix": FIXES[reason]}
        for name, (reason, _) in new.items()
    }
    usual = {"type": "message.rejected", "user_id": "ada", "at": NOW}
    assert differing(told, {name: {**usual, "detail": row} for name, row in details.items()} if has_bus else {}) == {}


def test_the_oldest_rows_come_first(world: World) -> None:
    put_rows(world)
    put(world.connection, "orchestrator.left_alone", [{"message_id": id_of("known")}])
    of_one_instant = [
        name for name, (own, fate) in ROWS.items() if fate and "created_at" not in own and name != "known"
    ]
    first = min(of_one_instant, key=id_of)
    claim(world, limit=3)
    assert {
        content for (content,) in world.all("SELECT content FROM messages WHERE status IN ('queued', 'failed')")
    } == {
        "queued",
        "almost a day old",
        "pending",
        first,
    }
