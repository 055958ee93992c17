"""Pauses and counts of agents: which messages a pause stops, what ends or renews one, and what is counted where."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from orchestrator.event_settings import EventTarget
from orchestrator.rules.outcome_brake import OutcomePause, OutcomeScope
from orchestrator.store.database import sql
from orchestrator.store.events import Event, lease_events
from orchestrator.store.outcomes import pause_by_outcome
from orchestrator.store.pauses import lift_outcome_pause, list_pauses_of_message, resume
from tests.integration.test_locks import open_transaction, parameters, run_beside
from tests.integration.test_sends_claims import MINUTE, person, waiting
from tests.integration.test_sends_forward import person as person_with_a_conversation
from tests.integration.test_sends_forward import wrote
from tests.integration.test_sends_reserved import HOUR, MESSAGE, OTHER, SECOND, USER, pause
from tests.rows import Row, insert_rows, row_id
from tests.rows_by_name import number_of
from tests.world import World

ZERO = timedelta(0)


def agent(prefix: str) -> Row:
    usual = {"may_use_urgent": True, "needs_approval": False, "purpose": "informational"}
    return "orchestrator.agents", {"prefix": prefix, "hourly_limit": None, **usual}


# What a pause stops ------------------------------------------------------------------------------------------------------

IN_FORCE: dict[str, tuple[str, str]] = {
    "provider": ("provider", ""),
    "lane": ("lane", "high"),
    "busy": ("busy", "low"),
    "ceiling": ("spending", ""),
    "urgent ceiling": ("spending", "urgent"),
    "agents": ("agent", "Sal"),
    "rate of agents": ("brake", "SALES_"),
    "rate of one": ("brake", "new_1"),
    "outcomes of agents": ("agent_outcomes", "sales_"),
    "outcomes of long agents": ("agent_outcomes", "sales_big_"),
    "outcomes of one": ("agent_outcomes", "sales_1"),
    "outcomes of a new one": ("agent_outcomes", "new_1"),
    "type": ("type", "gossip"),
    "outcomes of a type": ("type_outcomes", "gossip"),
    "person": ("user", str(row_id(USER, 1))),
}
STOPPED: list[tuple[dict[str, object], set[str]]] = [
    ({"priority": "urgent", "agent_id": "other"}, {"urgent ceiling"}),
    (
        {"agent_id": "Sales_1", "message_data": {"type": "gossip"}, "user_id": row_id(USER, 1)},
        {"lane", "ceiling", "urgent ceiling", "agents", "rate of agents", "outcomes of agents", "outcomes of one"}
        | {"type", "outcomes of a type", "person"},
    ),
    (
        {"agent_id": "sales_big_2", "priority": "low"},
        {"busy", "ceiling", "urgent ceiling", "agents", "outcomes of long agents"},
    ),
    (
        {"agent_id": "New_1", "priority": "medium", "status": "approved", "lease_until": MINUTE},
        {"ceiling", "urgent ceiling", "rate of one", "outcomes of a new one"},
    ),
]  # fmt: skip


def test_a_pause_stops_the_messages_that_it_is_about(world: World) -> None:
    probe, sent = 10, 11
    over = [
        pause("everything", "", ends_at=ZERO),
        pause("lane", "medium", ends_at=-SECOND),
        pause("lane", "x", ends_at=None),
    ]
    insert_rows(
        world,
        *[person(0), person(1), agent("sales_"), agent("sales_big_"), ("orchestrator.known_agents", {"agent_id": "new_1"})],
        *[pause(*which, ends_at=SECOND, probe_id=row_id(MESSAGE, probe) if which[0] == "lane" else None) for which in IN_FORCE.values()],
        *over,
        *[waiting(place, 0, **message) for place, (message, _) in enumerate(STOPPED)],
        waiting(probe, 0, agent_id="other"),
        waiting(sent, 0, agent_id="other", status="sent"),
    )  # fmt: skip
    names = {which: name for name, which in IN_FORCE.items()}

    def stops(place: int) -> set[str]:
        found = list_pauses_of_message(world.connection, row_id(MESSAGE, place), world.now)
        assert len(found) == len({(row.scope, row.value) for row in found})
        return {names.get((row.scope, row.value), row.scope) for row in found}

    assert [stops(place) for place in range(len(STOPPED))] == [{"provider", *stopped} for _, stopped in STOPPED]
    assert stops(probe) == {"provider", "ceiling", "urgent ceiling"}
    assert stops(sent) == set()


# What renews and ends a pause --------------------------------------------------------------------------------------------


def ends(world: World) -> list[tuple[Any, ...]]:
    query = "SELECT scope, value, note, paused_at - %s, ends_at - %s FROM orchestrator.pauses ORDER BY scope, value"
    return world.all(query, *[world.now] * 2)


def test_outcomes_pause_what_was_not_paused_and_what_was_resumed_before_they_were_counted(world: World) -> None:
    before = {"in force": None, "resumed": -SECOND, "resumed now": ZERO, "resumed a moment later": SECOND}
    insert_rows(world, *[pause("agent_outcomes", value, ends_at=end, note="old") for value, end in before.items()])
    insert_rows(world, pause("type_outcomes", "new", ends_at=-HOUR, note="old"))
    wanted = [OutcomePause(OutcomeScope.AGENT, value, "stops") for value in [*before, "new"]]
    assert sorted(pause_by_outcome(world.connection, wanted, world.now)) == [
        ("agent_outcomes", "new"), ("agent_outcomes", "resumed"),
    ]  # fmt: skip
    assert ends(world) == [
        ("agent_outcomes", "in force", "old", -HOUR, None),
        ("agent_outcomes", "new", "stops", ZERO, None),
        ("agent_outcomes", "resumed", "stops", ZERO, None),
        ("agent_outcomes", "resumed a moment later", "old", -HOUR, SECOND),
        ("agent_outcomes", "resumed now", "old", -HOUR, ZERO),
        ("type_outcomes", "new", "old", -HOUR, -HOUR),
    ]


def test_a_pause_by_outcome_is_ended_once_and_keeps_its_row(world: World) -> None:
    insert_rows(
        world,
        pause("agent_outcomes", "a"),
        pause("agent_outcomes", "b"),
        pause("type_outcomes", "a"),
        pause("agent_outcomes", "c", ends_at=-MINUTE),
    )
    lifted = [lift_outcome_pause(world.connection, OutcomeScope.AGENT, value, world.now) for value in ("a", "a", "c")]
    assert lifted == [True, False, False]
    assert ends(world) == [
        ("agent_outcomes", "a", None, ZERO, ZERO),
        ("agent_outcomes", "b", None, -HOUR, None),
        ("agent_outcomes", "c", None, -HOUR, -MINUTE),
        ("type_outcomes", "a", None, -HOUR, None),
    ]


def test_a_ceiling_is_lifted_for_the_rest_of_its_day_and_keeps_its_row(world: World) -> None:
    until = {"ends_at": HOUR}
    insert_rows(world, pause("spending", "", **until), pause("spending", "urgent", **until), pause("lane", "", **until))
    assert [resume(world.connection, "spending", "") for _ in range(2)] == [True, False]
    assert ends(world) == [
        ("lane", "", None, -HOUR, HOUR),
        ("spending", "", None, -HOUR, -HOUR),
        ("spending", "urgent", None, -HOUR, HOUR),
    ]


def test_agents_far_above_their_rate_wait_for_an_hour_from_the_last_time(world: World) -> None:
    before = {"over now": ZERO, "over": -SECOND, "in force": SECOND}
    insert_rows(world, *[pause("brake", value, ends_at=end, note="old") for value, end in before.items()])
    insert_rows(world, pause("agent", "new"))
    groups = [*before, "new"]
    given = {"agent_group": groups, "note": [f"note on {group}" for group in groups], "now": world.now}
    world.connection.execute(sql("throttle_agents"), given)
    assert ends(world) == [
        ("agent", "new", None, -HOUR, None),
        ("brake", "in force", "note on in force", -HOUR, HOUR),
        ("brake", "new", "note on new", ZERO, HOUR),
        ("brake", "over", "note on over", ZERO, HOUR),
        ("brake", "over now", "note on over now", ZERO, HOUR),
    ]


# Counts of agents' messages ----------------------------------------------------------------------------------------------


def test_a_batch_is_counted_by_group_in_spans_of_ten_minutes(world: World) -> None:
    began = world.now
    world.wait(minutes=7)
    insert_rows(
        world, person(0), agent("sales_"), agent("sales_big_"), ("orchestrator.known_agents", {"agent_id": "new_1"})
    )
    agents = ["Sales_1", "sales_2", "sales_big_1", "new_1", "unknown"]
    rows = [
        waiting(place, 0, agent_id=name, accepted_at=ZERO, published_by="shop") for place, name in enumerate(agents)
    ]
    rows += [
        waiting(5, 0, agent_id="sales_1", accepted_at=-SECOND),
        waiting(6, 0, agent_id="sales_1", accepted_at=ZERO),
    ]
    insert_rows(world, *rows)
    count, named = sql("count_agent_messages"), [row_id(MESSAGE, place) for place in range(6)]
    world.connection.execute(count, {"message_ids": named, "now": world.now})
    rates = "SELECT agent_id, span - %s, accepted FROM orchestrator.agent_rates ORDER BY span, agent_id"
    first = [("new_1", ZERO, 1), ("publisher shop", ZERO, 1), ("sales_", ZERO, 2), ("sales_big_", ZERO, 1)]
    assert world.all(rates, began) == first
    world.connection.execute(count, {"message_ids": named[:4], "now": world.now})
    again = [("new_1", ZERO, 2), first[1], ("sales_", ZERO, 4), ("sales_big_", ZERO, 2)]
    assert world.all(rates, began) == again
    world.wait(minutes=3)
    world.connection.execute("UPDATE message_queue SET accepted_at = %s", (world.now,))
    world.connection.execute(count, {"message_ids": named[:2], "now": world.now})
    assert world.all(rates, began) == [*again, ("sales_", 10 * MINUTE, 2)]


def test_a_row_that_another_batch_holds_is_passed_over_alone(world: World, database_url: str) -> None:
    began, agents = world.now, ("bulk_a", "bulk_b", "bulk_c")
    insert_rows(world, person(0), *[agent(name) for name in agents])
    insert_rows(world, *[waiting(place, 0, agent_id=name, accepted_at=ZERO) for place, name in enumerate(agents)])
    before = [("bulk_a", ZERO), ("bulk_b", ZERO), ("bulk_c", -10 * MINUTE)]
    insert_rows(
        world, *[("orchestrator.agent_rates", {"agent_id": name, "span": span, "accepted": 5}) for name, span in before]
    )
    with open_transaction(database_url) as other:
        other.execute("SELECT 1 FROM orchestrator.agent_rates WHERE agent_id = 'bulk_b' FOR NO KEY UPDATE")
        named = [row_id(MESSAGE, place) for place in range(3)]
        run_beside(database_url, "count_agent_messages", {"message_ids": named, "now": world.now})
    rates = world.all(
        "SELECT agent_id, span - %s, accepted FROM orchestrator.agent_rates ORDER BY agent_id, span", began
    )
    own = rates.pop(2)
    assert rates == [("bulk_a", ZERO, 6), ("bulk_b", ZERO, 5), ("bulk_c", -10 * MINUTE, 5), ("bulk_c", ZERO, 1)]
    assert (own[0], ZERO < own[1] < MINUTE, own[2]) == ("bulk_b", True, 1)


# Events of a target ------------------------------------------------------------------------------------------------------


def event(place: int, **given: object) -> Row:
    usual = {"target": "bus", "at": -HOUR, "leased_until": None, "failures": 0, "user_id": None, "message_id": None}
    return "orchestrator.events", {"id": row_id(OTHER, place), "type": "t", "detail": {}, **usual, **given}


def leased(world: World, limit: int = 10, *, with_words: bool = False, first_tries: bool = False) -> list[Event]:
    bus = EventTarget("bus")
    return lease_events(world.connection, bus, world.now, limit, with_words=with_words, first_tries=first_tries)


def test_the_oldest_events_of_a_target_that_no_worker_holds_are_leased(world: World) -> None:
    ids = {"user_id": row_id(USER, 0), "message_id": row_id(MESSAGE, 0)}
    insert_rows(
        world,
        *person_with_a_conversation(0),
        wrote(0, HOUR, "Hello", id=row_id(MESSAGE, 0)),
        event(5, at=-2 * HOUR, **ids, detail={"a": 1}, failures=2),
        event(3),
        event(2, leased_until=ZERO),
        event(1, at=-HOUR + SECOND),
        event(6, leased_until=SECOND),
        event(7, target="queue"),
    )
    world.connection.execute("UPDATE users SET external_id = 'ada'")
    now = world.now
    with world.connection.transaction(force_rollback=True):
        world.connection.execute("SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off")
        assert [found.id for found in leased(world, 2)] == [row_id(OTHER, place) for place in (5, 2)]
    with world.connection.transaction(force_rollback=True):
        assert [found.words for found in leased(world, with_words=True)] == ["Hello", None, None, None]
    first = Event(row_id(OTHER, 5), "t", ids["user_id"], "ada", ids["message_id"], {"a": 1}, now - 2 * HOUR, 2, None)
    assert leased(world) == [
        first,
        *[Event(row_id(OTHER, place), "t", None, None, None, {}, now - HOUR) for place in (2, 3)],
        Event(row_id(OTHER, 1), "t", None, None, None, {}, now - HOUR + SECOND),
    ]
    leases = world.all("SELECT id, leased_until - %s FROM orchestrator.events ORDER BY id", now)
    assert leases == [(row_id(OTHER, place), {6: SECOND, 7: None}.get(place, MINUTE)) for place in (1, 2, 3, 5, 6, 7)]


def test_an_event_that_another_worker_is_leasing_is_passed_over(world: World, database_url: str) -> None:
    insert_rows(world, event(0), event(1))
    given = {"target": "bus", "lease_until": world.now + MINUTE, "with_words": False, "first_tries": False}
    with open_transaction(database_url) as other:
        other.execute("SELECT 1 FROM orchestrator.events WHERE id = %s FOR NO KEY UPDATE", (row_id(OTHER, 0),))
        ((taken, *_),) = run_beside(database_url, "lease_events", parameters(world, most_failed=3, **given))
    assert taken == row_id(OTHER, 1)


@pytest.mark.parametrize(("failed", "tried"), [(2, [0]), (3, [])])
def test_first_tries_are_made_while_few_events_of_the_target_have_failed(
    world: World, failed: int, tried: list[int]
) -> None:
    others = [event(20 + place, target="queue", failures=1) for place in range(5)]
    insert_rows(world, event(0), *[event(1 + place, failures=1) for place in range(failed)], *others)
    assert [found.id for found in leased(world, first_tries=True)] == [row_id(OTHER, place) for place in tried]
    assert len(leased(world)) == 1 + failed - len(tried)


# What people wrote before ------------------------------------------------------------------------------------------------


def test_past_texts_are_read_by_person_and_time_after_a_text(world: World) -> None:
    forgotten = ("users", {"id": row_id(USER, 9), "phone_number": "forgotten-1"})
    talk = person_with_a_conversation(9, "+14155550100")[1]

    def said(place: int, owner: int, ago: timedelta, content: str, **columns: object) -> Row:
        return wrote(owner, ago, content, id=row_id(OTHER, place), **columns)

    insert_rows(
        world,
        *person_with_a_conversation(1, "(212) 555-0101"),
        *person_with_a_conversation(2, "none"),
        *[forgotten, talk],
        *[
            said(4, 1, HOUR, "b"),
            said(3, 1, HOUR, "a"),
            said(2, 1, ZERO, "c"),
            said(8, 1, ZERO, "first", created_at=None),
        ],
        *[
            said(1, 2, 2 * HOUR, "d"),
            said(5, 2, HOUR, "e", direction="outbound"),
            said(6, 2, HOUR, "f", role="concierge"),
        ],
        said(7, 9, HOUR, "g"),
    )
    read = {"user_id": row_id(USER, 1), "phone_number": number_of(1), "received_at": -HOUR, "opens_window": True}
    insert_rows(world, ("orchestrator.readings", {"inbound_id": row_id(OTHER, 4), "kind": "stop", **read}))

    def texts_after(owner: int, written_at: datetime, place: int, limit: int = 9) -> list[tuple[Any, ...]]:
        after = {"user_id": row_id(USER, owner), "written_at": written_at, "inbound_id": row_id(OTHER, place)}
        return world.connection.execute(sql("read_past_texts"), {**after, "limit": limit}).fetchall()

    ada, epoch = (row_id(USER, 1), number_of(1)), datetime.fromisoformat("1970-01-01T00:00:00Z")
    everything = [
        (row_id(OTHER, 8), *ada, "first", epoch, None),
        (row_id(OTHER, 3), *ada, "a", world.now - HOUR, None),
        (row_id(OTHER, 4), *ada, "b", world.now - HOUR, "stop"),
        (row_id(OTHER, 2), *ada, "c", world.now, None),
        (row_id(OTHER, 1), row_id(USER, 2), "none", "d", world.now - 2 * HOUR, None),
    ]
    assert texts_after(0, world.now, 0) == everything
    assert texts_after(0, world.now, 0, 2) == everything[:2]
    assert texts_after(1, epoch - timedelta(days=1), 9) == everything
    assert texts_after(1, epoch, 8) == everything[1:]
    assert texts_after(1, world.now - HOUR, 3) == everything[2:]
    assert texts_after(1, world.now, 2) == everything[4:]
    assert texts_after(2, world.now - 2 * HOUR, 1) == []
