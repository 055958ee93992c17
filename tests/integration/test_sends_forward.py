"""Which messages come forward because their person wrote (R4), and how many of them."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from orchestrator.rules.activity import ACTIVE_FOR
from orchestrator.store.database import sql
from tests.integration.test_locks import parameters
from tests.integration.test_sends_ceilings import text
from tests.integration.test_sends_claims import MINUTE, part, waiting
from tests.integration.test_sends_reserved import CONVERSATION, HOUR, MESSAGE, SECOND, USER
from tests.rows import Row, insert_rows, row_id
from tests.rows_by_name import number_of
from tests.world import World


def person(place: int, phone: str | None = None) -> list[Row]:
    ids = {"user_id": row_id(USER, place), "phone_number": phone or number_of(place)}
    return [
        ("users", {"id": row_id(USER, place), "phone_number": phone or number_of(place)}),
        ("conversations", {"id": row_id(CONVERSATION, place), **ids}),
    ]


def wrote(place: int, ago: timedelta, content: str = "Tell me more", **columns: object) -> Row:
    usual = {"direction": "inbound", "role": "user", "status": "received"}
    ids = {"id": uuid4(), "user_id": row_id(USER, place), "conversation_id": row_id(CONVERSATION, place)}
    return "messages", {**ids, **usual, "content": content, "created_at": -ago, **columns}


def went(place: int, ago: timedelta, since: timedelta, texts: int = 1) -> Row:
    return text(row_id(USER, place), ago, active_texts=texts, active_since=-since)


def unread(place: int, **columns: object) -> Row:
    usual = {"user_id": row_id(USER, 900), "phone_number": "+14155550100", "kind": "unjudged", "received_at": -HOUR}
    return "orchestrator.readings", {"inbound_id": uuid4(), "opens_window": True, **usual, **columns}


def held(place: int, owner: int, **columns: object) -> Row:
    """A message that a rule holds until the evening."""
    return waiting(place, owner, **{"scheduled_for": HOUR, "not_before": None, "reason": "quiet_hours", **columns})


def people(place: int) -> dict[str, tuple[list[Row], int]]:
    """What a person wrote and got, and how many of five held messages come forward."""
    now = timedelta(0)
    return {
        "wrote nothing": ([], 0),
        "wrote": ([wrote(place, MINUTE)], 3),
        "wrote this instant": ([wrote(place, now)], 3),
        "wrote almost ten minutes ago": ([wrote(place, ACTIVE_FOR - SECOND)], 3),
        "wrote ten minutes ago": ([wrote(place, ACTIVE_FOR)], 0),
        "wrote a keyword": ([wrote(place, MINUTE, " help ")], 0),
        "wrote what no one has read": ([wrote(place, MINUTE), unread(place, user_id=row_id(USER, place))], 0),
        "wrote, and somebody on this phone, too": ([wrote(place, MINUTE), unread(place, phone_number=number_of(place))], 0),
        "got a text on this one": ([wrote(place, MINUTE), went(place, SECOND, MINUTE)], 2),
        "got all on this one": ([wrote(place, MINUTE), went(place, SECOND, MINUTE, 3)], 0),
        "got texts on the one before": ([wrote(place, 2 * MINUTE), wrote(place, MINUTE), went(place, SECOND, 2 * MINUTE, 2)], 3),
        "got four texts within the hour": ([wrote(place, MINUTE), went(place, HOUR - SECOND, 2 * HOUR, 4)], 2),
        "got four texts an hour ago": ([wrote(place, MINUTE), went(place, HOUR, 2 * HOUR, 4)], 3),
    }  # fmt: skip


def forward(world: World, **given: object) -> list[tuple[Any, ...]]:
    done = world.connection.execute(sql("pull_forward"), parameters(world, lease_until=None, **given))
    return sorted(done.fetchall())


def test_who_wrote_gets_as_many_as_their_last_text_lets_through(world: World) -> None:
    cases = {name: people(place)[name] for place, name in enumerate(people(0))}
    sharing, sharer, unreadable = len(cases), len(cases) + 1, len(cases) + 2
    names = [*cases, "one who shares the phone got a text", "that one", "no number that can be read"]
    rows = [row for place in range(len(cases)) for row in person(place)]
    rows += [*person(sharing), *person(sharer, f"(212) 555-01{sharing}"), *person(unreadable, "none")]
    rows += [row for found, _ in cases.values() for row in found]
    rows += [
        wrote(sharing, MINUTE),
        went(sharer, SECOND, MINUTE),
        wrote(unreadable, MINUTE),
        went(unreadable, SECOND, MINUTE),
    ]
    rows += [held(10 * place + nth, place) for place in range(len(names)) for nth in range(5)]
    insert_rows(world, *rows)
    numbers = [*(forward for _, forward in cases.values()), 2, 0, 2]
    moved = [(row_id(MESSAGE, 10 * place + nth), row_id(USER, place), "queued") for place, many in enumerate(numbers) for nth in range(many)]  # fmt: skip
    one = row_id(USER, names.index("wrote"))
    with world.connection.transaction(force_rollback=True):
        assert forward(world, user_ids=[one]) == [row for row in moved if row[1] == one]
    with world.connection.transaction(force_rollback=True):
        assert len(forward(world, user_ids=[one], texts_per_inbound=9, texts_per_hour=4)) == 4
    assert forward(world) == moved
    assert world.all(
        "SELECT id FROM message_queue WHERE scheduled_for = %s AND lease_until IS NULL ORDER BY id", world.now
    ) == [(message,) for message, *_ in moved]


HELD_BY = ("best_time", "quiet_hours", "zone_unknown", "daily_limit", "hourly_limit", "question_open")
COME: list[dict[str, object]] = [
    *[dict[str, object](reason=reason) for reason in HELD_BY],
    {"not_before": timedelta(0)},
    part(1, 1),
    {"is_reply": False},
    {"is_reply": True},
]
STAY: list[dict[str, object]] = [
    {"reason": "scheduled"},
    {"reason": None},
    {"status": "approved", "lease_until": MINUTE},
    {"accepted_at": None},
    {"scheduled_for": timedelta(0)},
    {"not_before": SECOND},
    part(2, 1),
]


@pytest.mark.parametrize("is_leased", [False, True])
def test_what_a_rule_holds_comes_forward_and_nothing_else(world: World, is_leased: bool) -> None:
    insert_rows(world, *person(0), wrote(0, MINUTE))
    insert_rows(world, *[held(place, 0, **message) for place, message in enumerate([*COME, *STAY])])
    waits = "SELECT * FROM message_queue WHERE id >= %s ORDER BY id"
    before = world.all(waits, row_id(MESSAGE, len(COME)))
    lease = world.now + 2 * MINUTE if is_leased else None
    given = parameters(world, lease_until=lease, texts_per_inbound=99, texts_per_hour=99)
    moved = world.connection.execute(sql("pull_forward"), given).fetchall()
    status = ["approved" if is_leased else "queued"] * len(COME)
    status[-1] = "queued"  # a reply waits for its turn
    assert sorted(moved) == [(row_id(MESSAGE, place), row_id(USER, 0), status[place]) for place in range(len(COME))]
    assert world.all(
        "SELECT status, scheduled_for, lease_until FROM message_queue WHERE id < %s ORDER BY id",
        row_id(MESSAGE, len(COME)),
    ) == [(each, world.now, lease if each == "approved" else None) for each in status]
    assert world.all(waits, row_id(MESSAGE, len(COME))) == before


LANES = ("low", "high", "medium", "urgent")
LAST: dict[str, object] = {"accepted_at": -SECOND}
ORDERS: dict[str, tuple[list[dict[str, object]], list[int]]] = {
    "by lane": ([{"priority": lane, "scheduled_for": (1 + nth) * HOUR} for nth, lane in enumerate(LANES)], [1, 2, 3]),
    "by time": ([{"scheduled_for": hours * HOUR} for hours in (4, 2, 1, 3)], [1, 2, 3]),
    "by acceptance": ([{"accepted_at": -hours * HOUR} for hours in (1, 3, 4, 2)], [1, 2, 3]),
    "by id": ([{}, {}, {}, {}], [0, 1, 2]),
    "a sequence whole": ([part(1, 2), LAST], [0]),
    "no sequence in part": ([{"accepted_at": -2 * HOUR}, part(1, 3), LAST], [0]),
}


def test_the_best_ones_come_forward(world: World) -> None:
    rows = [row for place in range(len(ORDERS)) for row in [*person(place), wrote(place, MINUTE)]]
    for place, (messages, _) in enumerate(ORDERS.values()):
        rows += [held(10 * place + nth, place, **message) for nth, message in reversed([*enumerate(messages)])]
    insert_rows(world, *rows)
    assert [message for message, *_ in forward(world)] == [
        row_id(MESSAGE, 10 * place + nth) for place, (_, come) in enumerate(ORDERS.values()) for nth in come
    ]
