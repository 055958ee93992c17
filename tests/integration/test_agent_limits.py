"""The hourly limit of a group of agents, the start limit, and the throttle (R8, R12, R13)."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from orchestrator.agents import Agent
from orchestrator.store import migrate
from orchestrator.store.agents import remove_agent, set_agent
from orchestrator.store.database import connect, sql
from orchestrator.store.pauses import pause
from tests.world import PATIENCE_SECONDS, World, sqs_event, sqs_record

MIGRATION = (Path(migrate.__file__).parent / "migrations" / "2026_12_01_01_agent_groups.sql").read_text()
ROLE, OTHER_ROLE = "AROAONE:a", "AROATWO:b"


def people(world: World, count: int, **columns: Any) -> None:
    """People whom no limit of their own holds."""
    for number in range(count):
        world.person(f"p{number}", phone=f"+121255501{number:02}", daily_limit=999, hourly_limit=999, **columns)


def send(world: World, *contents: dict[str, Any], role: str = ROLE) -> list[UUID]:
    """One batch of one publisher, each message to a person of its own unless it names one."""
    bodies = [
        {
            "message_id": str(uuid4()),
            "user_id": f"p{number}",
            "agent_id": "bank",
            "priority": "high",
            "message_data": {"type": "note", "message": f"Note {uuid4().hex[:6]}"},
            **content,
        }
        for number, content in enumerate(contents)
    ]
    records = [sqs_record(json.dumps(body), world.now) for body in bodies]
    for record in records:
        record["attributes"]["SenderId"] = role
    assert world.invoke("enqueue", sqs_event(records)) == {"batchItemFailures": []}
    return [UUID(body["message_id"]) for body in bodies]


def sequence(parts: int, **fields: Any) -> list[dict[str, Any]]:
    sequence_id = str(uuid4())
    of_all = {"sequence_id": sequence_id, "sequence_total": parts, "user_id": "p0", **fields}
    return [{**of_all, "sequence_position": position} for position in range(1, parts + 1)]


def states(world: World, ids: Sequence[UUID]) -> list[str]:
    return ["sent" if world.state(i)[0] == "sent" else str(world.state(i)[1]) for i in ids]


def sent(world: World) -> list[datetime]:
    return [at for (at,) in world.all("SELECT started_at FROM orchestrator.attempts ORDER BY started_at")]


def most_in_an_hour(times: Sequence[datetime]) -> int:
    return max(sum(0 <= (other - t).total_seconds() < 3600 for other in times) for t in times)


def test_replies_count_against_the_hourly_limit_of_their_agent(world: World) -> None:
    ada = world.person(daily_limit=1, hourly_limit=1)
    set_agent(world.connection, Agent("chatty", hourly_limit=1))
    world.says(ada, "Tell me everything")
    words = "x" * 1530  # 10 segments
    for number in range(10):
        replies = [
            {"action": "reply", "user_id": "ada", "agent_id": "chatty", "content": f"{number}{i}{words}"}
            for i in range(10)
        ]
        world.publish(*replies)
    for _ in range(5):
        world.deliver()
        world.minute()
    assert len(world.texts()) == 1
    # Replies to a person are taken up one after the other; each becomes an ordinary message, which the agent's limit holds.
    waiting = world.all(
        "SELECT DISTINCT reason, priority, is_reply FROM message_queue WHERE status = 'queued' ORDER BY 1"
    )
    assert waiting[0] == ("agent_limit", "high", False)
    assert waiting[-1] == ("reply_order", "urgent", True)
    world.wait(hours=1)
    for _ in range(5):
        world.minute()
    assert len(world.texts()) == 2, "they are ordinary messages of the agent now, one an hour"


def test_an_id_under_the_same_prefix_does_not_escape_the_limit(world: World) -> None:
    people(world, 4)
    set_agent(world.connection, Agent("bank", hourly_limit=1))
    set_agent(world.connection, Agent("bank_vip"))
    ids = send(world, {"agent_id": "bank_1"}, {"agent_id": "bank_2"}, {"agent_id": "Bank"}, {"agent_id": "bank_vip_7"})
    world.minute()
    assert states(world, ids) == ["sent", "agent_limit", "agent_limit", "sent"]
    more = send(world, {"agent_id": "bank_3"})
    world.minute()
    assert states(world, more) == ["agent_limit"]
    for _ in range(4):
        world.wait(hours=1)
        world.minute()
    assert states(world, [*ids, *more]) == ["sent"] * 5
    times = [at for (at,) in world.all("SELECT started_at FROM orchestrator.attempts WHERE agent_group = 'bank'")]
    assert (len(times), most_in_an_hour(times)) == (4, 1)


def test_what_was_planned_is_counted_again_when_it_goes(world: World) -> None:
    """Messages that wait for their own reasons fall due together."""
    people(world, 5)
    set_agent(world.connection, Agent("bank", hourly_limit=2))
    later = (world.now + timedelta(hours=3)).isoformat()
    ids = [i for _ in range(5) for i in send(world, {"scheduled_for": later})]
    world.connection.execute("UPDATE message_queue SET scheduled_for = not_before")
    world.wait(hours=3)
    world.minute()
    assert sorted(states(world, ids)) == ["agent_limit"] * 3 + ["sent"] * 2
    for _ in range(2):
        world.wait(hours=1)
        world.minute()
    assert (states(world, ids), most_in_an_hour(sent(world))) == (["sent"] * 5, 2)


def test_a_text_that_was_not_sent_gives_its_place_back(world: World) -> None:
    people(world, 2)
    set_agent(world.connection, Agent("bank", hourly_limit=1))
    (first,) = send(world, {})
    world.connection.execute("DELETE FROM orchestrator.agent_rates")
    world.minute()
    world.connection.execute("UPDATE orchestrator.attempts SET outcome = 'refused', holds_slot = false")
    (second,) = send(world, {"user_id": "p1"})
    world.connection.execute("UPDATE message_queue SET scheduled_for = %s WHERE status = 'queued'", (world.now,))
    world.minute()
    assert states(world, [first, second]) == ["sent", "sent"]


@pytest.mark.parametrize("activity", [False, True])
def test_a_sequence_that_does_not_fit_waits_and_goes_whole(world: World, activity: bool) -> None:
    people(world, 3)
    set_agent(world.connection, Agent("bank", hourly_limit=3))
    ids = send(world, {"user_id": "p1"}, {"user_id": "p2"})
    world.minute()
    if activity:
        world.says(world.all("SELECT id FROM users WHERE external_id = 'p0'")[0][0], "Hello?")
    parts = send(world, *sequence(2))
    world.minute()
    assert states(world, [*ids, *parts]) == ["sent", "sent", "agent_limit", "agent_limit"]
    world.wait(hours=1)
    world.minute()
    assert states(world, parts) == ["sent", "sent"]
    assert most_in_an_hour(sent(world)) <= 3


def test_a_sequence_longer_than_the_limit_goes_in_an_hour_of_its_own(world: World) -> None:
    """Single messages come all the time; none of them takes the room again while the sequence waits."""
    people(world, 9)
    set_agent(world.connection, Agent("bank", hourly_limit=1))
    (before,) = send(world, {"user_id": "p1"})
    world.minute()
    parts = send(world, *sequence(3))
    world.wait(seconds=1)
    singles = []
    for number in range(2, 9):
        singles += send(world, {"user_id": f"p{number}"})
        # The plan of intake alone would not keep them behind the sequence.
        world.connection.execute(
            "UPDATE message_queue SET scheduled_for = %s WHERE scheduled_for > %s AND sequence_id IS NULL",
            (world.now, world.now),
        )
        world.minute()
        world.wait(minutes=11)
    world.minute()
    assert states(world, [before, *parts]) == ["sent"] * 4
    assert "sent" not in states(world, singles), "the sequence took the hour"
    for _ in range(8):
        world.wait(hours=1, minutes=1)
        world.minute()
        world.wait(minutes=1)
        world.minute()
    assert states(world, singles) == ["sent"] * 7
    times = sent(world)
    in_sequence = times[1:4]
    assert most_in_an_hour([at for at in times if at not in in_sequence]) == 1
    assert not [at for at in times if at not in in_sequence and abs(at - in_sequence[0]) < timedelta(hours=1)]


def test_a_sequence_whose_person_is_paused_holds_no_one_up(world: World) -> None:
    people(world, 3)
    set_agent(world.connection, Agent("bank", hourly_limit=2))
    send(world, {"user_id": "p1"})
    world.minute()
    parts = send(world, *sequence(2))
    world.minute()
    assert states(world, parts) == ["agent_limit"] * 2
    world.wait(seconds=1)
    (single,) = send(world, {"user_id": "p2"})
    world.connection.execute("UPDATE message_queue SET scheduled_for = %s WHERE id = %s", (world.now, single))
    world.minute()
    assert states(world, [single]) == ["agent_limit"], "it waits for the sequence, which is older"
    pause(
        world.connection, "user", str(world.all("SELECT id FROM users WHERE external_id = 'p0'")[0][0]), None, world.now
    )
    world.wait(hours=1, minutes=2)
    world.minute()
    assert states(world, [single]) == ["sent"]


def test_a_limit_of_zero_holds_sequences_and_replies_too(world: World) -> None:
    people(world, 1)
    set_agent(world.connection, Agent("bank", hourly_limit=0))
    parts = send(world, *sequence(2))
    world.says(world.all("SELECT id FROM users")[0][0], "Hello")
    world.publish({"action": "reply", "user_id": "p0", "agent_id": "bank", "content": "Hi"})
    for _ in range(3):
        world.deliver()
        world.minute()
    assert sent(world) == []
    assert states(world, parts) == ["agent_limit"] * 2
    remove_agent(world.connection, "bank")
    world.wait(days=1)
    world.minute()
    assert states(world, parts) == ["sent"] * 2


def test_parts_of_another_agent_do_not_ride_on_a_sequence(world: World) -> None:
    people(world, 1)
    set_agent(world.connection, Agent("bank", hourly_limit=0))
    first, second = sequence(2)
    send(world, {**first, "agent_id": "free"})
    send(world, {**second, "agent_id": "bank"})
    assert world.all("SELECT agent_id, reason FROM orchestrator.rejections") == [("bank", "sequence_conflict")]


# The start limit -------------------------------------------------------------------------------------------------------


@pytest.fixture
def strict(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A start limit of two texts an hour, and six people."""
    for name in ("enqueue", "dispatch", "deliver"):
        app = world.functions[name]
        monkeypatch.setitem(app.__dict__, "settings", app.settings.model_copy(update={"agent_start_limit": 2}))
    people(world, 6)
    return world


def test_ids_without_settings_share_one_limit_for_each_publisher(strict: World) -> None:
    ids = send(strict, *({"agent_id": f"new_{number}"} for number in range(4)))
    later = send(strict, {"agent_id": "new_9", "user_id": "p4"}, role="AROAONE:another-session")
    others = send(strict, {"agent_id": "new_1", "user_id": "p5"}, role=OTHER_ROLE)
    strict.minute()
    assert states(strict, ids) == ["sent", "sent", "agent_limit", "agent_limit"]
    assert (states(strict, later), states(strict, others)) == (["agent_limit"], ["sent"])
    set_agent(strict.connection, Agent("new_3"))
    strict.wait(hours=1)
    strict.minute()
    assert states(strict, ids) == ["sent"] * 4, "an owner decided on one, and the other one's hour came"


def test_an_agent_that_published_before_is_exempt(strict: World) -> None:
    strict.connection.execute("INSERT INTO orchestrator.known_agents (agent_id) VALUES ('saga')")
    ids = send(strict, *({"agent_id": "Saga"} for _ in range(4)))
    more = send(strict, *({"agent_id": "saga_2"} for _ in range(4)))
    strict.minute()
    assert states(strict, ids) == ["sent"] * 4
    assert sorted(states(strict, more)) == ["agent_limit"] * 2 + ["sent"] * 2


def test_the_migration_marks_the_agents_that_published_before(world: World) -> None:
    people(world, 1)
    send(world, {"agent_id": "Seen in the queue"})
    world.connection.execute("UPDATE message_queue SET agent_id = ' Seen in the queue'")
    world.connection.execute("DELETE FROM orchestrator.agent_rates")
    world.connection.execute("INSERT INTO orchestrator.agent_rates VALUES ('seen_by_rate', %s, 1)", (world.now,))
    (statement,) = [s for s in MIGRATION.split(";\n") if "INSERT INTO orchestrator.known_agents" in s]
    world.connection.execute(statement.encode())
    assert world.all("SELECT agent_id FROM orchestrator.known_agents ORDER BY 1") == [
        ("seen in the queue",),
        ("seen_by_rate",),
    ]


def test_what_the_limits_hold_feeds_the_metric_of_ceilings(strict: World, capsys: pytest.CaptureFixture[str]) -> None:
    set_agent(strict.connection, Agent("slow", hourly_limit=1))
    too_long = {"sequence_id": str(uuid4()), "sequence_position": 1, "sequence_total": 6}
    send(strict, *({"agent_id": "new"} for _ in range(3)), too_long)
    send(strict, {"agent_id": "slow"}, {"agent_id": "slow"})
    at_intake = ceilings(capsys)
    strict.connection.execute("UPDATE message_queue SET scheduled_for = %s", (strict.now,))
    strict.says(strict.all("SELECT id FROM users WHERE external_id = 'p5'")[0][0], "Hello")
    strict.minute()
    strict.publish({"action": "reply", "user_id": "p5", "agent_id": "slow", "content": "Hi"})
    strict.deliver()
    assert at_intake == {"start_limit": 1, "agent_limit": 1, "too_many_parts": 1}
    assert ceilings(capsys) == {"start_limit": 1, "agent_limit": 1, "reply_limit": 1}


def ceilings(capsys: pytest.CaptureFixture[str]) -> dict[str | None, float]:
    """What the functions published of the metric since the last call."""
    found: Counter[str | None] = Counter()
    for line in capsys.readouterr().out.splitlines():
        record = json.loads(line)
        if "Ceilings" in record:
            found[record.get("of")] += sum(record["Ceilings"])
    found.pop(None, None)  # the same without the dimension
    return dict(found)


# The throttle ----------------------------------------------------------------------------------------------------------


def test_a_new_id_does_not_escape_the_throttle(world: World) -> None:
    people(world, 3)
    set_agent(world.connection, Agent("saga"))
    set_agent(world.connection, Agent("saga_vip"))
    world.connection.execute(
        "INSERT INTO orchestrator.agent_rates (agent_id, span, accepted)"
        " SELECT 'saga', %(now)s - n * interval '1 hour', 20 FROM generate_series(2, 50) n"
        " UNION ALL SELECT 'saga', date_bin('10 minutes', %(now)s, '2000-01-01'), 499",
        {"now": world.now},
    )
    first, second, other = send(world, {"agent_id": "saga_new"}, {"agent_id": "saga_newer"}, {"agent_id": "saga_vip"})
    assert world.all("SELECT scope, value FROM orchestrator.pauses") == [("brake", "saga")]
    world.minute()
    assert [world.state(i)[0] for i in (first, second, other)] == ["queued", "queued", "sent"]


# Workers that run at the same moment -----------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 5_000])
def test_two_waves_at_once_do_not_exceed_the_limit(world: World, database_url: str, limit: int) -> None:
    """A wave waits for another one of the same group that has not committed yet, and then counts its texts.

    However far from the limit the group was when the wave read its state, Claude may have taken seconds since.
    """
    people(world, 2)
    set_agent(world.connection, Agent("bank", hourly_limit=limit))
    send(world, {})
    world.minute()
    world.wait(hours=2)
    (second,) = send(world, {"user_id": "p1"})
    world.dispatch()
    with connect(database_url) as other, ThreadPoolExecutor() as threads:
        other.autocommit = False
        other.execute(sql("lock_agent_groups"), {"agent_groups": ["bank", "bank"]})
        other.execute("UPDATE orchestrator.attempts SET started_at = %s, agent_texts = %s", (world.now, limit))
        wave = threads.submit(world.deliver)
        # In this database: the tests of another process take such locks, too.
        world_waits = (
            "SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()"
            " WHERE l.locktype = 'advisory' AND NOT l.granted"
        )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not world.all(world_waits):
            assert time.monotonic() < deadline, "the wave takes no lock"
            time.sleep(0.01)
        other.commit()
        wave.result()
    assert states(world, [second]) == ["agent_limit"]
