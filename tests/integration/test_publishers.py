"""Publishers that are bound to agents: none of them ends, joins or continues what another one published (R9, R13)."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

import orchestrator.store.migrate
from orchestrator.agents import Agent
from orchestrator.errors import InvalidMessage
from orchestrator.messages import build_message, parse_request
from orchestrator.store.agents import list_agents, remove_agent, set_agent
from orchestrator.store.message_history import read_message_history
from tests.world import World, sqs_event, sqs_record

MIGRATION = (Path(orchestrator.store.migrate.__file__).parent / "migrations" / "2026_11_29_01_owners.sql").read_text()
BANK, BOT = "AROABANK:enqueue-1", "AROABOT:enqueue-7"
FIRST, SECOND = UUID(int=7), UUID(int=8)


@pytest.fixture
def bound(world: World) -> World:
    """Ada, and two agents whose publishers are bound; a third agent has no settings."""
    world.person(daily_limit=100, hourly_limit=100)
    set_agent(world.connection, Agent("bank", publishers=["AROABANK"]))
    set_agent(world.connection, Agent("bot", publishers=["AROABOT"]))
    return world


def body(agent_id: str, message_id: UUID, **fields: Any) -> dict[str, Any]:
    return {
        "message_id": str(message_id),
        "user_id": "ada",
        "agent_id": agent_id,
        "priority": "high",
        "message_data": {"type": "note", "message": f"from {agent_id}"},
        **{name: str(value) if isinstance(value, UUID) else value for name, value in fields.items()},
    }


def send(
    world: World, sender: str, *contents: dict[str, Any], others: tuple[tuple[str, dict[str, Any]], ...] = ()
) -> None:
    """One batch: contents of one sender, then those of others."""
    records = []
    for each, content in [*((sender, content) for content in contents), *others]:
        record = sqs_record(json.dumps(content), world.now)
        record["attributes"]["SenderId"] = each
        records.append(record)
    world.invoke("enqueue", sqs_event(records))


def rejections(world: World) -> list[tuple[Any, ...]]:
    return world.all("SELECT message_id, field, reason FROM orchestrator.rejections ORDER BY rejected_at, message_id")


def test_a_role_publishes_under_any_session(bound: World) -> None:
    send(bound, "AROABANK:one", body("bank", FIRST))
    send(bound, "AROABANK:two", body("bank", SECOND))
    send(bound, "AROABANKER:one", body("bank", uuid4()))
    send(bound, "AIDA1:AROABANK", body("bank", uuid4()))
    assert [reason for _, _, reason in rejections(bound)] == ["publisher_not_allowed"] * 2
    send(bound, "AROABANK:three", {"action": "withdraw", "message_id": str(FIRST)})
    assert bound.state(FIRST) == ("cancelled", "withdrawn")


@pytest.mark.parametrize("agent_id", ["Bank", " bank", "BANK\u00a0", "bank_7"])
def test_every_spelling_of_a_bound_agents_id_is_bound(bound: World, agent_id: str) -> None:
    send(bound, BOT, body(agent_id, FIRST))
    assert rejections(bound) == [(FIRST, "agent_id", "publisher_not_allowed")]
    send(bound, BANK, body(agent_id, SECOND))
    assert bound.row(SECOND)["agent_id"] == agent_id.strip().lower()


@pytest.mark.parametrize(
    "agent_id", ["b\u0430nk", "\uff42\uff41\uff4e\uff4b", "bank\u200b", "b\tnk", "banque_é", "ban\u212a"]
)
def test_a_look_alike_is_refused_with_the_reason(bound: World, agent_id: str) -> None:
    with pytest.raises(InvalidMessage, match="agent_id: holds a character that is not printable ASCII"):
        build_message({"user_id": "ada", "agent_id": agent_id, "message_data": {"type": "note"}})
    with pytest.raises(InvalidMessage, match="agent_id"):
        parse_request(json.dumps({"action": "reply", "user_id": "ada", "content": "Hi", "agent_id": agent_id}))
    send(bound, BOT, body(agent_id, FIRST))
    [(message_id, field, _)] = rejections(bound)
    assert (message_id, field) == (FIRST, "agent_id")
    history = read_message_history(bound.connection, FIRST)
    assert history is not None
    assert [step.what for step in history.steps] == ["rejected"]
    assert "printable ASCII" in history.steps[0].detail


def test_topics_of_two_publishers_are_separate(bound: World) -> None:
    send(bound, BANK, body("bank", FIRST, topic="account"))
    send(bound, BOT, body("bot", SECOND, topic="account"))
    send(bound, "AROAFREE", body("free", uuid4(), topic="account"))
    bound.minute()
    assert {bound.state(FIRST)[0], bound.state(SECOND)[0]} == {"sent"}
    assert sorted(bound.texts()) == ["from bank", "from bot", "from free"]
    assert rejections(bound) == []


def test_the_owner_itself_supersedes_and_takes_over_what_has_no_owner(bound: World) -> None:
    send(bound, "AROAFREE", body("free", FIRST, topic="account"))
    send(bound, BANK, body("bank", SECOND, topic="account"))
    assert bound.state(FIRST) == ("superseded", "superseded")
    send(bound, "AROABANK:later", body("bank_2", UUID(int=9), topic="account"))
    assert bound.state(SECOND) == ("superseded", "superseded")


@pytest.mark.parametrize(("sender", "agent_id"), [(BOT, "bot"), ("AROAFREE:1", "free")])
def test_another_publishers_message_is_not_replaced(bound: World, sender: str, agent_id: str) -> None:
    send(bound, BANK, body("bank", FIRST))
    send(bound, sender, body(agent_id, SECOND, supersedes_message_id=FIRST))
    assert rejections(bound) == [(SECOND, "supersedes_message_id", "not_yours")]
    bound.minute()
    assert bound.texts() == ["from bank"]


def test_a_replacement_that_comes_before_another_publishers_message_does_not_end_it(bound: World) -> None:
    send(bound, BOT, body("bot", SECOND, supersedes_message_id=FIRST))
    send(bound, BANK, body("bank", FIRST))
    assert bound.state(FIRST)[0] == "queued"


def test_within_one_batch_the_owners_are_known_too(bound: World) -> None:
    stranger = body("bot", SECOND, supersedes_message_id=FIRST)
    send(bound, BANK, body("bank", FIRST), others=((BOT, stranger),))
    assert rejections(bound) == [(SECOND, "supersedes_message_id", "not_yours")]
    assert bound.state(FIRST)[0] == "queued"


def test_a_withdrawal_of_another_publishers_message_is_rejected(bound: World) -> None:
    send(bound, BANK, body("bank", FIRST))
    send(bound, BOT, {"action": "withdraw", "message_id": str(FIRST)})
    assert rejections(bound) == [(FIRST, "message_id", "not_yours")]
    assert bound.state(FIRST)[0] == "queued"


def test_a_publisher_withdraws_its_own_message_after_its_binding_ended(bound: World) -> None:
    send(bound, BANK, body("bank", FIRST))
    remove_agent(bound.connection, "bank")
    send(bound, BANK, body("bank", FIRST))
    send(bound, "AROAFREE:1", {"action": "withdraw", "message_id": str(FIRST)})
    assert rejections(bound) == [(FIRST, "message_id", "not_yours")], "the repetition is none"
    send(bound, BANK, {"action": "withdraw", "message_id": str(FIRST)})
    assert bound.state(FIRST) == ("cancelled", "withdrawn")


def test_the_id_of_another_publishers_message_is_refused(bound: World) -> None:
    send(bound, BANK, body("bank", FIRST))
    send(bound, BOT, body("bot", FIRST))
    assert rejections(bound) == [(FIRST, "message_id", "not_yours")]
    send(bound, BANK, body("bank", FIRST))
    assert len(rejections(bound)) == 1, "the owner's own repetition is none"


def part(sequence: UUID, position: int, total: int = 2) -> dict[str, Any]:
    return {"sequence_id": sequence, "sequence_position": position, "sequence_total": total}


@pytest.mark.parametrize(("sender", "agent_id"), [(BOT, "bot"), ("AROAFREE:1", "free")])
@pytest.mark.parametrize("one_batch", [True, False])
def test_a_part_of_another_publishers_sequence_is_rejected(
    bound: World, sender: str, agent_id: str, one_batch: bool
) -> None:
    sequence, third = uuid4(), UUID(int=9)
    stranger = body(agent_id, SECOND, **part(sequence, 2))
    if one_batch:
        send(bound, BANK, body("bank", FIRST, **part(sequence, 1)), others=((sender, stranger),))
    else:
        send(bound, BANK, body("bank", FIRST, **part(sequence, 1)))
        send(bound, sender, stranger)
    assert rejections(bound) == [(SECOND, "sequence_id", "not_yours")]
    send(bound, BANK, body("bank", third, **part(sequence, 2)))
    bound.minute()
    assert bound.texts() == ["from bank", "from bank"]
    assert (bound.state(FIRST)[0], bound.state(third)[0]) == ("sent", "sent")


def test_a_part_that_raced_into_anothers_sequence_fails_alone(bound: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both batches were read before either was stored."""
    sequence, third = uuid4(), UUID(int=9)
    send(bound, BANK, body("bank", FIRST, **part(sequence, 1)))
    with monkeypatch.context() as unread:
        unread.setattr("orchestrator.intake.acceptance._check_sequence", lambda *_: None)
        send(bound, BOT, body("bot", SECOND, **part(sequence, 2)))
    assert bound.state(SECOND) == ("failed", "not_yours")
    send(bound, BANK, body("bank", third, **part(sequence, 2)))
    bound.minute()
    assert bound.texts() == ["from bank", "from bank"]


def test_settings_and_publishers_that_were_stored_before_hold(bound: World) -> None:
    """Prefixes in any case, publishers with a session: as versions before stored them."""
    connection = bound.connection
    connection.execute("DELETE FROM orchestrator.agents")
    connection.execute(
        "INSERT INTO orchestrator.agents (prefix, may_use_urgent, hourly_limit, publishers) VALUES"
        " ('Bank', true, 5, ARRAY['AROABANK:old', 'AROABANK:older']), ('bank', false, 9, NULL), ('bot', true, NULL, NULL)"
    )
    statements = [statement for statement in MIGRATION.split(";\n\n") if "INSERT INTO orchestrator.agents" in statement]
    connection.execute(statements[0])
    assert list_agents(connection) == [Agent("bank", False, 5, ["AROABANK"]), Agent("bot")]
    send(bound, BANK, body("bank", FIRST))
    connection.execute("UPDATE message_queue SET publisher = 'AROABANK:old'")
    send(bound, BOT, body("bot", SECOND, supersedes_message_id=FIRST))
    assert [reason for _, _, reason in rejections(bound)] == ["not_yours"]
    send(bound, BANK, {"action": "withdraw", "message_id": str(FIRST)})
    assert bound.state(FIRST) == ("cancelled", "withdrawn")


def test_a_pause_reaches_ids_that_were_stored_in_capitals(bound: World) -> None:
    send(bound, BANK, body("bank", FIRST))
    bound.connection.execute("UPDATE message_queue SET agent_id = 'Bank'")
    bound.connection.execute(
        "INSERT INTO orchestrator.pauses (scope, value, paused_at) VALUES ('agent', 'bAnk', now())"
    )
    bound.minute()
    assert bound.texts() == []


def test_a_row_of_an_agent_speaks_for_no_bound_agent_and_for_no_look_alike(bound: World) -> None:
    """A row names no publisher (R12, R13)."""
    ((ada,),) = bound.all("SELECT id FROM users")
    bound.says(ada, "Hello?")
    roles = ["bank", " Bank", "bank_7", "b\u0430nk", "\uff42ank", "bank\u00a0", "b\tnk", " ", "bench", "Concierge"]
    for role in roles:
        bound.connection.execute(
            "INSERT INTO messages (conversation_id, user_id, role, content, direction, status, created_at)"
            " SELECT id, user_id, %s, 'Your PIN?', 'outbound', 'pending', %s FROM conversations LIMIT 1",
            (role, bound.now),
        )
    bound.minute()
    bound.minute()
    states = dict(bound.all("SELECT role, status FROM messages WHERE direction = 'outbound'"))
    assert [states[role] for role in roles] == ["failed"] * 8 + ["sent"] * 2
    assert bound.texts() == ["Your PIN?"] * 2
    assert bound.all("SELECT reason, count(*) FROM orchestrator.rejections GROUP BY 1 ORDER BY 1") == [
        ("invalid_field", 5),
        ("publisher_not_allowed", 3),
    ]
    ((row,),) = bound.all("SELECT id FROM messages WHERE role = 'bank'")
    history = read_message_history(bound.connection, row)
    assert history is not None
    assert [step.what for step in history.steps] == ["rejected"]
    assert "bound to publishers" in history.steps[0].detail


def test_a_sequence_of_one_is_an_ordinary_message(bound: World) -> None:
    set_agent(bound.connection, Agent("slow", hourly_limit=1))
    for number in range(3):
        send(bound, BANK, body("slow", UUID(int=20 + number), **part(uuid4(), 1, 1)))
    assert [bound.state(UUID(int=20 + n)) for n in range(3)] == [("queued", None), *[("queued", "agent_limit")] * 2]
    assert bound.row(FIRST.__class__(int=20))["sequence_id"] is None
