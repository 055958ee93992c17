"""Which due messages a dispatcher claims, and the place of each in the pace of the sender."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from orchestrator.messages import Lane
from orchestrator.rules.activity import ACTIVE_FOR
from orchestrator.rules.limits import Limits
from orchestrator.store.schedule import Pace, claim_due
from tests.integration.test_sends_ceilings import TODAY, TOMORROW, YESTERDAY, text
from tests.integration.test_sends_reserved import HOUR, MESSAGE, OTHER, SECOND, USER, pause
from tests.rows import Row, insert_rows, row_id
from tests.rows_by_name import number_of
from tests.world import World

MINUTE = timedelta(minutes=1)
HORIZON, ZERO = 5 * MINUTE, timedelta(0)
DEFAULTS = Limits(daily=10, hourly=2)


def waiting(place: int, person: int, **message: object) -> Row:
    """A message of the high lane that fell due an hour ago, or so many seconds later as its place says."""
    known = {
        "id": row_id(MESSAGE, place),
        "user_id": row_id(USER, person),
        "agent_id": "news",
        "message_data": {},
        "priority": "high",
        "status": "queued",
        "reason": None,
        "scheduled_for": -HOUR + place * SECOND,
        "accepted_at": -HOUR,
        "created_at": -HOUR,
        "lease_until": None,
        "is_reply": None,
        "sequence_id": None,
        "sequence_position": None,
        "sequence_total": None,
        "segments": None,
        "published_by": None,
    }
    return "message_queue", {**known, **message}


def person(place: int, **columns: object) -> Row:
    return "users", {"id": row_id(USER, place), "phone_number": number_of(place), "last_active_at": None, **columns}


def claim(
    world: World, lane: Lane = Lane.HIGH, pace: Pace | None = None, limit: int = 500
) -> list[tuple[UUID, Any, UUID]]:
    now = world.now
    claimed = claim_due(world.connection, lane, now, now + HORIZON, now + 2 * MINUTE, pace, limit)
    return [(message.message_id, (message.leaves_at or now) - now, message.user_id) for message in claimed]


def part(position: int, sequence: int, **message: object) -> dict[str, object]:
    return {"sequence_id": row_id(OTHER, sequence), "sequence_position": position, "sequence_total": 3, **message}


CLAIMED: dict[str, dict[str, object]] = {
    "due": {},
    "due at the horizon": {"scheduled_for": HORIZON},
    "paused before": {"reason": "paused"},
    "no reply": {"is_reply": False},
    "the first part": part(1, 1),
    "a part, the one before was sent": part(2, 2),
}
NOT_CLAIMED: dict[str, dict[str, object]] = {
    "due a second after the horizon": {"scheduled_for": HORIZON + SECOND},
    "claimed": {"status": "approved", "lease_until": MINUTE},
    "ended": {"status": "cancelled"},
    "of another sender": {"accepted_at": None},
    "of another lane": {"priority": "low"},
    "of a sequence that is not complete": {"reason": "sequence_incomplete"},
    "a reply": {"is_reply": True},
    "of an agent that is paused": {"agent_id": "noisy_1"},
    "of a type that is paused": {"message_data": {"type": "gossip"}},
    "of a person who is paused": {"user_id": row_id(USER, 1)},
    "a part, the one before waits": part(2, 1),
    "a part, the one before is under way": part(2, 3),
}


def test_due_messages_of_a_lane_are_claimed_and_their_near_misses_are_not(world: World) -> None:
    messages = {**CLAIMED, **NOT_CLAIMED}
    insert_rows(
        world,
        *[person(0), person(1), pause("agent", "noisy_"), pause("type", "gossip"), pause("user", str(row_id(USER, 1)))],
        *[waiting(place, 0, **message) for place, message in enumerate(messages.values())],
        waiting(90, 0, **part(1, 2, status="sent")),
        waiting(91, 0, **part(1, 3, status="sending", lease_until=MINUTE)),
    )
    rows = "SELECT * FROM message_queue WHERE status <> 'approved' OR lease_until <> %s ORDER BY id"
    lease = world.now + 2 * MINUTE
    before = world.all(rows, lease)
    names = [*messages]
    claimed = claim(world)
    due = [HORIZON if name == "due at the horizon" else -HOUR + place * SECOND for place, name in enumerate(CLAIMED)]
    assert {names[message_id.int & 0xFFFF]: leaves for message_id, leaves, _ in claimed} == dict(
        zip(CLAIMED, due, strict=True)
    )
    assert [leaves for _, leaves, _ in claimed] == sorted(due)
    assert {user for *_, user in claimed} == {row_id(USER, 0)}
    assert world.all(rows, lease) == [row for row in before if names_of(row, names) not in CLAIMED]


def names_of(row: tuple[Any, ...], names: list[str]) -> str:
    place = row[0].int & 0xFFFF
    return names[place] if place < len(names) else ""


@pytest.mark.parametrize(
    ("first", "second", "third"),
    [
        ({"scheduled_for": -MINUTE}, {"scheduled_for": -2 * MINUTE}, {"scheduled_for": -MINUTE - SECOND}),
        ({"created_at": -MINUTE}, {"created_at": -2 * MINUTE}, {"created_at": -MINUTE - SECOND}),
    ],
    ids=["due first", "published first"],
)
def test_of_more_than_a_tick_claims_the_oldest_go(
    world: World, first: Mapping[str, object], second: Mapping[str, object], third: Mapping[str, object]
) -> None:
    rows = [
        waiting(place, 0, **{"scheduled_for": -MINUTE, **given}) for place, given in enumerate((first, second, third))
    ]
    newest = waiting(3, 0, **part(2, 1, scheduled_for=ZERO, created_at=ZERO))  # a later part has its place at once
    insert_rows(world, person(0), *rows, newest)
    assert {message for message, *_ in claim(world, limit=2)} == {row_id(MESSAGE, 1), row_id(MESSAGE, 2)}


# The pace ----------------------------------------------------------------------------------------------------------------

EXACTLY = 153
WORDS: list[tuple[dict[str, object], int]] = [
    ({"segments": 3}, 3),
    ({"segments": 0}, 1),
    ({}, 1),
    ({"message_data": {"message": "a" * EXACTLY}}, 1),
    ({"message_data": {"message": "a" * (EXACTLY + 1)}}, 2),
    ({"message_data": {"text": "a" * (2 * EXACTLY + 1)}}, 3),
    ({"message_data": {"message": "é" * 67}}, 1),
    ({"message_data": {"message": "é" * 68, "text": "a"}}, 2),
    ({"message_data": {"message": ""}}, 1),
    ({"message_data": {"message": "a" * 999}, "segments": 2}, 2),
    ({}, 1),
]


def set_pace(world: World, next_free: timedelta | None) -> None:
    free = "-infinity" if next_free is None else world.now + next_free
    world.connection.execute("UPDATE orchestrator.pace SET next_free = %s", (free,))


def next_free(world: World) -> timedelta:
    ((free,),) = world.all("SELECT next_free - %s FROM orchestrator.pace", world.now)
    return free  # type: ignore[no-any-return]  # of an interval


def paced(per_second: float = 1.0, agent_start_limit: int = 1000) -> Pace:
    return Pace(per_second, DEFAULTS, agent_start_limit)


def test_each_text_leaves_after_the_segments_before_it(world: World) -> None:
    for place, (message, _) in enumerate(WORDS):
        insert_rows(world, person(place), waiting(place, place, **message))
    set_pace(world, 4 * SECOND)
    leaves, expected = 4.0, []
    for _, segments in WORDS:
        expected.append(leaves)
        leaves += segments / 2
    assert [taken.total_seconds() for _, taken, _ in claim(world, pace=paced(2.0))] == expected
    assert next_free(world).total_seconds() == leaves


@pytest.mark.parametrize(
    ("free", "begins", "number"),
    [
        pytest.param(None, 0, 6, id="nothing was sent"),
        pytest.param(-SECOND, 0, 6, id="free a second ago"),
        pytest.param(HORIZON - 2 * SECOND, 298, 2, id="room for two until the horizon"),
        pytest.param(HORIZON - SECOND, 299, 1, id="room for one"),
        pytest.param(HORIZON - SECOND / 2, 300, 0, id="no room"),
        pytest.param(HORIZON + MINUTE + 10 * SECOND, 370, 0, id="as far as a claim reaches"),
        pytest.param(HORIZON + MINUTE + 11 * SECOND, 0, 6, id="farther: a clock was wrong"),
    ],
)
def test_a_claim_goes_as_far_as_the_pace_has_room_up_to_the_horizon(
    world: World, free: timedelta | None, begins: int, number: int
) -> None:
    """The last of six has two segments, of which one alone must have room."""
    insert_rows(world, *[person(place) for place in range(6)])
    insert_rows(world, *[waiting(place, place, segments=2 if place == number - 1 else 1) for place in range(6)])
    set_pace(world, free)
    assert [leaves for _, leaves, _ in claim(world, pace=paced())] == [
        (begins + place) * SECOND for place in range(number)
    ]
    if number:
        assert next_free(world) == (begins + number + 1) * SECOND
    else:
        assert next_free(world) == free


def test_a_lane_without_a_pace_leaves_the_pace_as_it_is(world: World) -> None:
    insert_rows(
        world, person(0), waiting(0, 0, priority="urgent"), waiting(1, 0, priority="urgent", scheduled_for=MINUTE)
    )
    set_pace(world, HORIZON)
    assert [leaves for _, leaves, _ in claim(world, Lane.URGENT)] == [-HOUR, MINUTE]
    assert next_free(world) == HORIZON


# Who will be held --------------------------------------------------------------------------------------------------------


def limits(place: int, day: object = TODAY, **columns: object) -> Row:
    usual = {"messages_sent": 0, "daily_limit": 10, "hourly_limit": 2}
    return "user_message_budget", {"user_id": row_id(USER, place), "date": day, **usual, **columns}


def before(place: int) -> dict[str, list[Row]]:
    """What leaves a person two texts of three; the person of the last one is counted by no other."""
    way = {"scheduled_for": -2 * HOUR}
    ada = row_id(USER, place)
    return {
        "the default limits": [],
        "a row without limits": [limits(place, daily_limit=None, hourly_limit=None)],
        "texts of the hour": [
            limits(place, hourly_limit=4),
            *[text(ada, HOUR - SECOND, holds_slot=True), text(ada, SECOND, holds_slot=True, outcome=None)],
            *[text(ada, HOUR, holds_slot=True), text(ada, SECOND)],
        ],
        "texts of the day": [
            limits(place, hourly_limit=9, daily_limit=5, messages_sent=3),
            limits(place, YESTERDAY, hourly_limit=9, messages_sent=9, daily_limit=1),
        ],
        "texts of tomorrow": [
            limits(place, hourly_limit=9, daily_limit=5, messages_sent=1),
            limits(place, TOMORROW, hourly_limit=9, messages_sent=3, daily_limit=1),
        ],
        "a first text of the day": [limits(place, YESTERDAY, hourly_limit=9, messages_sent=9, daily_limit=2)],
        "a default day": [limits(place, hourly_limit=9, daily_limit=None, messages_sent=8)],
        "texts under way": [
            limits(place, hourly_limit=3),
            waiting(700 + place, place, status="approved", lease_until=MINUTE, **way),
            waiting(720 + place, place, status="approved", accepted_at=None, **way),
            waiting(730 + place, place, status="approved", accepted_at=None, **way),
            waiting(740 + place, place, status="sending", lease_until=MINUTE, **way),
            waiting(760 + place, place, priority="low", **way),
        ],
        "active a moment too long ago": [],
    }


def test_what_the_limits_of_people_will_hold_gets_no_place_in_the_pace(world: World) -> None:
    names = [*before(0), "active", "of a sequence"]
    active, sequence = len(names) - 2, len(names) - 1
    moments = {active: -ACTIVE_FOR + SECOND, active - 1: -ACTIVE_FOR}
    insert_rows(world, *[person(place, last_active_at=moments.get(place)) for place in range(len(names))])
    rows = [row for place, name in enumerate(names[:active]) for row in before(place)[name]]
    for place in range(len(names)):
        rows += [waiting(10 * place + nth, place) for nth in (2, 0, 1)]
    first_of = 10 * sequence
    rows[-3:] = [
        waiting(first_of, sequence, **part(2, 1)),
        waiting(first_of + 1, sequence, **part(1, 2)),
        limits(sequence, hourly_limit=0),
    ]
    insert_rows(world, *rows)
    claimed = claim(world, pace=paced())
    held = {
        (names[(found.int & 0xFFFF) // 10], (found.int & 0xFFFF) % 10) for found, leaves, _ in claimed if leaves < ZERO
    }
    assert len(claimed) == 3 * len(names) - 1
    assert held == {*[(name, 2) for name in names[:active]], ("of a sequence", 1)}
    # Each that leaves has a second of its own, in the order in which they fell due; what is held comes with its own time.
    places = [(found.int & 0xFFFF) for found, leaves, _ in claimed if leaves >= ZERO]
    assert places == sorted(places)
    assert [leaves for _, leaves, _ in claimed if leaves >= ZERO] == [nth * SECOND for nth in range(len(places))]
    assert all(leaves == -HOUR + (found.int & 0xFFFF) * SECOND for found, leaves, _ in claimed if leaves < ZERO)


def test_what_the_limits_of_agents_will_hold_gets_no_place_in_the_pace(world: World) -> None:
    """Each message is of a person of its own."""
    agent = {"may_use_urgent": True, "needs_approval": False}
    messages: list[tuple[str, dict[str, object], bool]] = [
        ("sales 1", {"agent_id": "Sales_1"}, True),
        ("sales 2", {"agent_id": "sales_2"}, True),
        ("sales 3", {"agent_id": "sales_1"}, False),
        ("a later part of sales", {"agent_id": "sales_1", **part(2, 1)}, True),
        ("free 1", {"agent_id": "free_1"}, True),
        ("free 2", {"agent_id": "free_1"}, True),
        ("a sequence of three, with room for three", {"agent_id": "long_1", **part(1, 2)}, True),
        ("one more", {"agent_id": "long_1"}, False),
        ("a sequence of three, with room for two", {"agent_id": "short_1", **part(1, 3)}, False),
        ("unknown agents of a publisher, 1", {"agent_id": "new_1", "published_by": "shop"}, True),
        ("unknown agents of a publisher, 2", {"agent_id": "new_2", "published_by": "shop"}, True),
        ("unknown agents of a publisher, 3", {"agent_id": "new_1", "published_by": "shop"}, False),
        ("unknown agents of another publisher", {"agent_id": "new_1", "published_by": "bank"}, True),
        ("unknown agents of nobody 1", {"agent_id": "new_1"}, True),
        ("unknown agents of nobody 2", {"agent_id": "new_1"}, True),
        ("unknown agents of nobody 3", {"agent_id": "new_1"}, False),
    ]
    insert_rows(
        world,
        *[person(place) for place in range(len(messages))],
        *[
            ("orchestrator.agents", {"prefix": prefix, "hourly_limit": limit, "purpose": "informational", **agent})
            for prefix, limit in (("sales_", 4), ("free_", None), ("long_", 3), ("short_", 2))
        ],
        *[waiting(place, place, **message) for place, (_, message, _) in enumerate(messages)],
        text(row_id(USER, 0), HOUR - SECOND, agent_group="sales_", agent_texts=2),
    )
    claimed = claim(world, pace=paced(agent_start_limit=2))
    assert {messages[found.int & 0xFFFF][0]: leaves >= ZERO for found, leaves, _ in claimed} == {
        name: leaves for name, _, leaves in messages
    }


def test_of_messages_of_one_instant_the_first_published_leaves_and_then_the_lower_id(world: World) -> None:
    instant = {"scheduled_for": -HOUR}
    rows = [
        waiting(3, 0, **instant, created_at=-SECOND), waiting(1, 0, **instant), waiting(2, 0, **instant, created_at=-MINUTE),
        waiting(5, 1, **instant, agent_id="sales_1"), waiting(4, 1, **instant, agent_id="sales_1"),
    ]  # fmt: skip
    agent = {"may_use_urgent": True, "needs_approval": False, "purpose": "informational"}
    insert_rows(
        world, person(0), person(1), ("orchestrator.agents", {"prefix": "sales_", "hourly_limit": 1, **agent}), *rows
    )
    claimed = {found.int & 0xFFFF: leaves for found, leaves, _ in claim(world, pace=paced())}
    assert claimed == {1: ZERO, 4: SECOND, 2: 2 * SECOND, 3: -HOUR, 5: -HOUR}
