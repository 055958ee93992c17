"""The gauges: which messages count as overdue and as waiting, and what the day has cost."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from orchestrator.ids import uuid7
from orchestrator.store.gauges import read_gauges
from tests.world import World


def overdue(world: World) -> dict[str, float]:
    """For how many minutes the oldest due message of each lane has been due."""
    return {lane: seconds / 60 for lane, seconds in read_gauges(world.connection, world.now).overdue.items()}


def change(world: World, message_id: UUID, **columns: object) -> None:
    """Set columns of a message's row."""
    for name, value in columns.items():
        world.connection.execute(f"UPDATE message_queue SET {name} = %s WHERE id = %s".encode(), (value, message_id))


def pause(world: World, scope: str, value: str, ends_at: datetime | None = None) -> None:
    world.connection.execute(
        "INSERT INTO orchestrator.pauses (scope, value, paused_at, ends_at) VALUES (%s, %s, %s, %s)",
        (scope, value, world.now, ends_at),
    )


def test_each_lane_is_as_overdue_as_its_oldest_due_message(world: World) -> None:
    world.person_with_a_past()
    for lane in ("low", "medium", "high"):
        change(world, world.message(priority=lane), scheduled_for=world.now)
        world.wait(minutes=10)
    world.message(priority="high")
    assert overdue(world) == {"low": 30, "medium": 20, "high": 10}


def test_the_oldest_due_message_counts_whichever_came_first(world: World) -> None:
    world.person()
    approved, *queued = (world.message(can_delay=False) for _ in range(4))
    for message_id, minutes in zip(queued, (20, 30, 10), strict=True):
        change(world, message_id, scheduled_for=world.now - timedelta(minutes=minutes))
    assert overdue(world) == {"high": 30}
    lease_until = world.now + timedelta(minutes=1)
    change(world, approved, status="approved", lease_until=lease_until, scheduled_for=world.now - timedelta(minutes=40))
    assert overdue(world) == {"high": 40}


def test_among_a_thousand_due_messages_the_oldest_is_found(world: World) -> None:
    world.person()
    newest = world.message()
    world.connection.execute(
        "INSERT INTO message_queue SELECT (jsonb_populate_record(m, jsonb_build_object('id', gen_random_uuid(),"
        " 'scheduled_for', m.scheduled_for - minutes * interval '1 minute'))).*"
        " FROM message_queue m, generate_series(1, 1000) AS minutes WHERE id = %s",
        (newest,),
    )
    with world.connection.transaction():  # a pooler lends the session to other tests
        for plan in ("indexscan", "bitmapscan"):  # an index gives the order by luck
            world.connection.execute(f"SET LOCAL enable_{plan} = off".encode())
        assert overdue(world) == {"high": 1000}


def test_a_message_is_not_overdue_before_it_is_due(world: World) -> None:
    world.person()
    world.message(scheduled_for="2026-03-03T16:00:00Z")
    assert overdue(world) == {}
    world.wait(hours=1)
    assert overdue(world) == {"high": 0}


def test_what_a_pause_stops_is_not_overdue(world: World) -> None:
    world.person_with_a_past()
    world.message(agent_id="paused")
    change(world, world.message(priority="low"), scheduled_for=world.now)
    world.wait(minutes=10)
    world.message()
    pause(world, "agent", "paused")
    pause(world, "lane", "low")
    world.wait(minutes=5)
    assert overdue(world) == {"high": 5}


def test_a_part_that_waits_for_others_is_not_overdue(world: World) -> None:
    world.person_with_a_past()
    part = world.message(sequence_id=str(uuid7(world.now)), sequence_position=1, sequence_total=2)
    change(world, part, scheduled_for=world.now - timedelta(minutes=1))
    assert (world.state(part), overdue(world)) == (("queued", "sequence_incomplete"), {})


@pytest.mark.parametrize(
    ("columns", "minutes"),
    [
        ({"status": "approved", "lease_until": "2026-03-03T15:05:00Z"}, {"high": 5}),
        ({"status": "approved", "lease_until": "2026-03-03T15:04:59Z"}, {}),  # its worker is gone
        ({"status": "approved", "lease_until": "2026-03-03T16:00:00Z", "scheduled_for": "2026-03-03T15:06:00Z"}, {}),
        ({"status": "sending", "lease_until": "2026-03-03T16:00:00Z"}, {}),
        ({"status": "cancelled"}, {}),
        ({"accepted_at": None}, {}),
    ],
)
def test_what_is_handed_over_is_overdue_until_it_is_reserved(
    world: World, columns: dict[str, object], minutes: dict[str, float]
) -> None:
    world.person()
    change(world, world.message(), **columns)
    world.wait(minutes=5)
    assert overdue(world) == minutes


def test_waiting_messages_count_by_reason(world: World) -> None:
    world.person()
    held, foreign, approved, _ = (world.message() for _ in range(4))
    change(world, held, reason="quiet_hours")
    change(world, foreign, accepted_at=None)
    change(world, approved, status="approved")
    assert read_gauges(world.connection, world.now).waiting == {"due": 1, "quiet_hours": 1}


def test_a_ceiling_that_has_ended_holds_nothing(world: World) -> None:
    pause(world, "spending", "", ends_at=world.now)
    pause(world, "spending", "urgent", ends_at=datetime.fromisoformat("2026-03-04T00:00:00Z"))
    pause(world, "country", "US", ends_at=datetime.fromisoformat("2026-03-04T00:00:00Z"))
    gauges = read_gauges(world.connection, world.now)
    assert gauges.cost_ceilings == {"twilio_urgent": 1}
    assert not any((gauges.claude_usd, gauges.twilio_usd, gauges.oldest_unread))
    assert 0 < gauges.connections < 100
