"""What a tick ends, releases and makes due: exactly the messages that its statements are about."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from orchestrator.store.database import sql
from tests.integration.test_locks import parameters
from tests.integration.test_sends_ceilings import text
from tests.integration.test_sends_claims import MINUTE, part, person, waiting
from tests.integration.test_sends_outages import provider
from tests.integration.test_sends_reserved import HOUR, MESSAGE, OTHER, SECOND, USER, pause
from tests.rows import Row, insert_rows, row_id
from tests.world import World

ZERO = timedelta(0)
State = tuple[str, str | None, timedelta | None]


def states(world: World, names: Mapping[str, object]) -> dict[str, State]:
    """Status, reason and lease of each message."""
    found = world.all("SELECT status, reason, lease_until - %s FROM message_queue ORDER BY id", world.now)
    return dict(zip(names, found, strict=True))


def messages(world: World, cases: Mapping[str, Mapping[str, object]]) -> list[Row]:
    return [waiting(place, 0, **case) for place, case in enumerate(cases.values())]


def run(world: World, statement: str, **given: object) -> list[tuple[Any, ...]]:
    return world.connection.execute(sql(statement), parameters(world, **given)).fetchall()


def timeline(world: World, names: Mapping[str, object]) -> dict[str, tuple[Any, ...]]:
    listed, entries = [*names], world.all("SELECT message_id, status, reason, until, at FROM orchestrator.timeline")
    assert {at for *_, at in entries} <= {world.now}
    found = {listed[message.int & 0xFFFF]: tuple(entry) for message, *entry, _ in entries}
    assert len(found) == len(entries)
    return found


# Leases ------------------------------------------------------------------------------------------------------------------

OVER: dict[str, object] = {"lease_until": -SECOND}
LEASED: dict[str, tuple[dict[str, object], list[dict[str, object]], State]] = {
    "approved": ({**OVER, "status": "approved"}, [], ("queued", "lease_expired", None)),
    "approved, may have been sent": ({**OVER, "status": "approved"}, [{}, {}], ("queued", "lease_expired", None)),
    "sending": ({**OVER, "status": "sending"}, [{}], ("failed", "unknown_outcome", None)),
    "sending, Twilio did not answer": (
        {**OVER, "status": "sending"}, [{"outcome": "unknown", "settled_at": -HOUR}], ("failed", "unknown_outcome", None),
    ),
    "sending, Twilio refused it": (
        {**OVER, "status": "sending"}, [{"outcome": "refused", "holds_slot": False}], ("queued", "unknown_outcome", None),
    ),
    "sending, twice": (
        {**OVER, "status": "sending"}, [{}, {"outcome": "unknown", "settled_at": -HOUR}], ("failed", "unknown_outcome", None),
    ),
    "leased until now": ({"status": "approved", "lease_until": ZERO}, [], ("approved", None, ZERO)),
    "being sent": ({"status": "sending", "lease_until": MINUTE}, [{}], ("sending", None, MINUTE)),
    "of another sender": ({**OVER, "status": "approved", "accepted_at": None}, [], ("approved", None, -SECOND)),
    "waiting": (OVER, [], ("queued", None, -SECOND)),
}  # fmt: skip


@pytest.mark.parametrize("sends", [1, 2])
def test_messages_of_workers_that_are_gone_are_released(world: World, sends: int) -> None:
    insert_rows(world, person(0), *messages(world, {name: message for name, (message, _, _) in LEASED.items()}))
    attempts: list[Row] = []
    for place, (_, tries, _) in enumerate(LEASED.values()):
        for nth, attempt in enumerate(tries):
            own = {"id": row_id(OTHER, 10 * place + nth), "message_id": row_id(MESSAGE, place)}
            known = {"outcome": None, "settled_at": None, "holds_slot": True}
            attempts.append(text(row_id(USER, 0), HOUR, **{**own, **known, **attempt}))
    insert_rows(world, *attempts)
    once = ("sending", "sending, Twilio did not answer") if sends == 2 else ()
    after = {
        name: ("queued", "unknown_outcome", None) if name in once else state for name, (*_, state) in LEASED.items()
    }
    with world.connection.transaction(force_rollback=True):
        assert sum(run(world, "release_leases", sends=sends, limit=3)[0]) == 3
    assert run(world, "release_leases", sends=sends) == [(2, 4)]
    assert states(world, LEASED) == after
    released = [*LEASED][:6]
    assert timeline(world, LEASED) == {name: (*after[name][:2], None) for name in released}
    outcomes = world.all("SELECT id, outcome, settled_at - %s FROM orchestrator.attempts ORDER BY id", world.now)
    assert [(attempt.int & 0xFFFF, outcome, settled) for attempt, outcome, settled in outcomes] == [
        *[(10, None, None), (11, None, None)],
        *[(20, "unknown", ZERO), (30, "unknown", -HOUR), (40, "refused", None), (50, "unknown", ZERO)],
        *[(51, "unknown", -HOUR), (70, None, None)],
    ]
    # What no worker leaves behind.
    world.connection.execute("UPDATE message_queue SET lease_until = NULL WHERE status = 'queued'")
    world.connection.execute(
        "UPDATE orchestrator.attempts SET outcome = 'unknown' WHERE message_id = %s", (row_id(MESSAGE, 1),)
    )


# Ends --------------------------------------------------------------------------------------------------------------------

EXPIRED: dict[str, object] = {"expires_at": ZERO}
ENDING: dict[str, tuple[dict[str, dict[str, object]], dict[str, dict[str, object]], tuple[str, str]]] = {
    "expire_messages": (
        {"expired now": EXPIRED, "expired, and paused": {**EXPIRED, "reason": "paused", "scheduled_for": ZERO}},
        {
            "expires in a second": {"expires_at": SECOND},
            "under way": {**EXPIRED, "status": "approved", "lease_until": MINUTE},
            "of another sender": {**EXPIRED, "accepted_at": None},
            "not due": {**EXPIRED, "scheduled_for": SECOND},
            "of a lane that is none": {**EXPIRED, "priority": "none"},
        },
        ("expired", "expired"),
    ),
    "fail_incomplete_sequences": (
        {
            "incomplete": {"reason": "sequence_incomplete"},
            "due now": {"reason": "sequence_incomplete", "scheduled_for": ZERO},
        },
        {
            "has time": {"reason": "sequence_incomplete", "scheduled_for": SECOND},
            "under way": {"reason": "sequence_incomplete", "status": "approved", "lease_until": MINUTE},
            "of another sender": {"reason": "sequence_incomplete", "accepted_at": None},
            "waits for something else": {"reason": "paused"},
            "of a lane that is none": {"reason": "sequence_incomplete", "priority": "none"},
        },
        ("failed", "sequence_incomplete"),
    ),
}


@pytest.mark.parametrize("statement", ENDING)
def test_what_waited_too_long_ends_and_its_near_misses_wait(world: World, statement: str) -> None:
    end, wait, state = ENDING[statement]
    usual = {"expires_at": None}
    insert_rows(world, person(0), *messages(world, {name: {**usual, **case} for name, case in {**end, **wait}.items()}))
    before = states(world, {**end, **wait})
    with world.connection.transaction(force_rollback=True):
        assert run(world, statement, limit=1) == [(1,)]
    assert run(world, statement) == [(2,)]
    assert states(world, {**end, **wait}) == {**before, **dict.fromkeys(end, (*state, None))}
    assert timeline(world, {**end, **wait}) == dict.fromkeys(end, (*state, None))


# Sequences whose parts are all there -------------------------------------------------------------------------------------

INCOMPLETE: dict[str, object] = {"sequence_total": 2, "reason": "sequence_incomplete", "scheduled_for": 15 * MINUTE}
URGENT: dict[str, object] = {"priority": "urgent"}
Part = tuple[dict[str, object], tuple[str, str | None, timedelta]]
AS_BEFORE = ("queued", "sequence_incomplete", 15 * MINUTE)
DUE = ("queued", None, ZERO)
SEQUENCES: dict[str, list[Part]] = {
    "complete": [({}, DUE), ({}, DUE)],
    "urgent": [(URGENT, ("approved", None, ZERO)), (URGENT, DUE)],
    "urgent, from now on": [({**URGENT, "not_before": ZERO}, ("approved", None, ZERO)), (URGENT, DUE)],
    "urgent, in an hour": [
        (URGENT, ("queued", "scheduled", HOUR)), ({**URGENT, "not_before": HOUR}, ("queued", "scheduled", HOUR)),
    ],
    "at the best time of its parts": [
        ({"best_at": HOUR}, ("queued", "best_time", 2 * HOUR)), ({"best_at": 2 * HOUR}, ("queued", "best_time", 2 * HOUR)),
    ],
    "at a best time before its own": [
        ({"best_at": HOUR, "not_before": 2 * HOUR}, ("queued", "best_time", HOUR)), ({}, ("queued", "scheduled", HOUR)),
    ],
    "at a best time that is over": [({"best_at": -HOUR}, DUE), ({"best_at": -2 * HOUR}, DUE)],
    "without a part": [({"sequence_total": 3}, AS_BEFORE), ({"sequence_total": 3}, AS_BEFORE)],
    "with two totals": [({"sequence_total": 3}, AS_BEFORE), ({}, AS_BEFORE)],
    "with a part that ended": [({}, AS_BEFORE), ({"status": "cancelled"}, ("cancelled", *AS_BEFORE[1:]))],
    "complete before": [({}, AS_BEFORE), ({"reason": "paused"}, ("queued", "paused", 15 * MINUTE))],
    "with a part of another sender": [
        ({}, AS_BEFORE), ({"accepted_at": None}, AS_BEFORE),
    ],
    "complete without that of another sender": [
        ({"sequence_total": 1}, DUE), ({"accepted_at": None}, AS_BEFORE),
    ],
    "not asked about": [({}, AS_BEFORE), ({}, AS_BEFORE)],
}  # fmt: skip


def test_a_sequence_is_due_as_a_whole_once_all_its_parts_are_there(world: World) -> None:
    parts: list[tuple[str, dict[str, object], tuple[str, str | None, timedelta]]] = [
        (
            f"{name} {position}",
            {**part(position, nth), **INCOMPLETE, "not_before": None, "best_at": None, **given},
            after,
        )
        for nth, (name, found) in enumerate(SEQUENCES.items())
        for position, (given, after) in enumerate(found, 1)
    ]
    insert_rows(world, person(0), *messages(world, {name: given for name, given, _ in reversed(parts)}))
    asked = [row_id(OTHER, nth) for nth, name in enumerate(SEQUENCES) if name != "not asked about"]
    approved = run(world, "complete_sequences", sequence_ids=asked)
    found = world.all(
        "SELECT status, reason, scheduled_for - %s, lease_until FROM message_queue ORDER BY id DESC", world.now
    )
    lease = world.now + 10 * MINUTE
    assert dict(zip([name for name, *_ in parts], found, strict=True)) == {
        name: (*after, lease if after[0] == "approved" else None) for name, _, after in parts
    }
    last = len(parts) - 1
    assert sorted(approved) == [(row_id(MESSAGE, last - place), row_id(USER, 0)) for place in (4, 2)]


# The probe of an outage --------------------------------------------------------------------------------------------------

FIRST = {"scheduled_for": -2 * HOUR}
NO_PROBE: dict[str, dict[str, object]] = {
    "not due": {"scheduled_for": SECOND},
    "under way": {**FIRST, "status": "approved", "lease_until": MINUTE},
    "of another sender": {**FIRST, "accepted_at": None},
    "of an incomplete sequence": {**FIRST, "reason": "sequence_incomplete"},
    "of a paused agent": {**FIRST, "agent_id": "noisy_1"},
    "a later part": {**FIRST, **part(2, 1)},
    "of a later lane": {**FIRST, "priority": "low"},
    "urgent": {**FIRST, "priority": "urgent"},
    "of no lane": {**FIRST, "priority": "none"},
    "due a little later": {"scheduled_for": -HOUR},
    "published a little later": {"scheduled_for": -HOUR - SECOND, "created_at": -HOUR},
}
PROBE: dict[str, object] = {"scheduled_for": -HOUR - SECOND, "created_at": -HOUR - SECOND}
LANES = {"lanes": ["high", "medium", "low", "urgent"]}


def test_what_is_not_due_probes_no_outage_and_what_is_due_now_does(world: World) -> None:
    insert_rows(world, person(0), provider(probe_at=ZERO), waiting(0, 0, **NO_PROBE["not due"]))
    assert run(world, "claim_probe", **LANES) == []
    insert_rows(world, waiting(1, 0, scheduled_for=ZERO))
    assert run(world, "claim_probe", **LANES) == [(row_id(MESSAGE, 1), row_id(USER, 0))]


def probed(world: World, *pauses: Row) -> list[tuple[Any, ...]]:
    insert_rows(world, person(0), pause("agent", "noisy_"), *pauses)
    insert_rows(world, *messages(world, {**NO_PROBE, "the probe": PROBE}))
    insert_rows(world, waiting(90, 0, **part(1, 1, status="sending", lease_until=MINUTE)))
    return run(world, "claim_probe", **LANES)


def test_the_oldest_due_message_of_the_first_lane_probes_an_outage(world: World) -> None:
    message = row_id(MESSAGE, len(NO_PROBE))
    before = "SELECT * FROM message_queue WHERE id <> %s AND status <> 'queued' ORDER BY id"
    over = {"ends_at": -SECOND}
    with world.connection.transaction():
        # The order is the statement's, not that of an index.
        world.connection.execute("SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off")
        taken = probed(world, provider(probe_at=ZERO), pause("provider", "x", **over), pause("spending", "", **over))
    assert taken == [(message, row_id(USER, 0))]
    assert len(world.all(before, message)) == 2
    assert world.all("SELECT status, lease_until - %s FROM message_queue WHERE id = %s", world.now, message) == [
        ("approved", 10 * MINUTE)
    ]
    assert world.all("SELECT scope, probe_id FROM orchestrator.pauses ORDER BY scope, value") == [
        ("agent", None), ("provider", message), ("provider", None), ("spending", None),
    ]  # fmt: skip
    assert run(world, "claim_probe", **LANES) == [], "one is under way"


@pytest.mark.parametrize(
    ("pauses", "goes"),
    [
        pytest.param([], False, id="no outage"),
        pytest.param([provider(probe_at=SECOND)], False, id="in a second"),
        pytest.param([provider(probes=None, probe_at=ZERO)], False, id="the account is refused"),
        pytest.param([provider(probe_at=ZERO, probe_id=row_id(MESSAGE, 1))], False, id="a probe waits for its worker"),
        pytest.param([provider(probe_at=ZERO, probe_id=row_id(MESSAGE, 90))], False, id="a probe is being sent"),
        pytest.param([provider(probe_at=ZERO, probe_id=row_id(MESSAGE, 0))], True, id="the last one waits again"),
        pytest.param([provider(probe_at=ZERO, probe_id=row_id(OTHER, 9))], True, id="the last one is no more"),
    ],
)
def test_an_outage_is_probed_when_its_time_has_come_and_no_probe_is_under_way(
    world: World, pauses: list[Row], goes: bool
) -> None:
    assert len(probed(world, *pauses)) == goes


def test_an_outage_is_probed_again_after_a_probe_that_twilio_did_not_answer(world: World) -> None:
    probed(world, provider(probe_at=SECOND, probe_id=row_id(MESSAGE, 90)))
    world.connection.execute("UPDATE orchestrator.pauses SET probe_at = %s WHERE scope = 'provider'", (world.now,))
    assert run(world, "claim_probe", **LANES) == []
    world.connection.execute(
        "UPDATE message_queue SET reason = 'unknown_outcome' WHERE id = %s", (row_id(MESSAGE, 90),)
    )
    assert len(run(world, "claim_probe", **LANES)) == 1
