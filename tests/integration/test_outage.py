"""Twilio is away for an hour: what it costs, and what waits (G2)."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from orchestrator.leases import URGENT_LEASE
from orchestrator.rules.reasons import Reason, Status
from orchestrator.sms.client import twilio_client
from orchestrator.store import migrate
from orchestrator.store.schedule import claim_probe
from orchestrator.store.settlement import Evidence, Settlement, settle_by_evidence
from orchestrator_local.stand_ins.http import HttpAnswer
from orchestrator_local.stand_ins.phones import twilio_error
from tests.sizes import size
from tests.world import World, sqs_event, sqs_record

DUE = size(120, 40)
DOWN = twilio_error(503, 20503, "Service unavailable")
# What one wave has in flight when Twilio stops to answer, and the probes of an hour.
IN_FLIGHT, PROBES = 10, 7
_STATES = "SELECT concat_ws(' ', status, reason), count(*) FROM message_queue GROUP BY 1"
_CALLS = "SELECT outcome, count(*) FROM orchestrator.attempts WHERE evidence IS DISTINCT FROM 'no_call' GROUP BY 1"


def publish_due_texts(world: World, number: int = DUE, **fields: Any) -> None:
    for place in range(number):
        world.person(f"p{place}", phone=f"+1{(212, 646)[place // 100]}5550{100 + place % 100}")
    for start in range(0, number, 10):
        bodies = [
            {
                "user_id": f"p{place}",
                "agent_id": "bulk",
                "priority": "high",
                "message_data": {"type": "note", "message": f"number {place}"},
                **fields,
            }
            for place in range(start, min(start + 10, number))
        ]
        assert world.publish(*bodies) == {"batchItemFailures": []}


def pass_an_hour(world: World) -> None:
    end = world.now + timedelta(hours=1)
    while world.now < end:
        before = world.now
        world.minute()
        world.travel_to(max(world.now, before + timedelta(minutes=1)))


def states(world: World) -> dict[str, int]:
    return {str(state): count for state, count in world.all(_STATES)}


def attempts(world: World) -> dict[str, int]:
    return {str(outcome): count for outcome, count in world.all(_CALLS)}


@pytest.mark.parametrize("is_list_away", [False, True], ids=["texts fail", "everything fails"])
def test_an_hour_of_503_costs_what_was_in_flight_and_a_few_probes(world: World, is_list_away: bool) -> None:
    publish_due_texts(world)
    calls: list[dict[str, str]] = []

    def fail(fields: dict[str, str]) -> HttpAnswer:
        calls.append(fields)
        return DOWN

    world.phones.misbehave = fail
    world.minute()
    in_flight = len(calls)
    assert in_flight <= IN_FLIGHT
    ((scope, note, ends_at),) = world.all("SELECT scope, note, ends_at FROM orchestrator.pauses")
    assert (scope, note, ends_at) == ("provider", "Twilio does not answer: one text at a time probes it", None)
    world.phones.outage = DOWN if is_list_away else None
    pass_an_hour(world)
    if is_list_away:
        assert len(calls) == in_flight
    else:
        assert in_flight < len(calls) <= in_flight + PROBES
    assert attempts(world) == {"unknown": len(calls)}
    assert sum(count for state, count in states(world).items() if state.startswith("queued")) == DUE - len(calls)

    world.phones.misbehave = world.phones.outage = None
    for _ in range(20):
        world.minute()
        world.wait(minutes=1)
    assert len(world.phones.texts) == DUE - len(calls)
    assert states(world) == {"sent": DUE - len(calls), "failed unknown_outcome": len(calls)}
    assert world.all("SELECT 1 FROM orchestrator.pauses") == []


def test_an_hour_of_refused_connections_costs_no_text(world: World) -> None:
    publish_due_texts(world)
    apps = world.functions
    clients: list[Any] = [
        twilio_client(apps["deliver"].sender._settings, apps["deliver"].sender.parallel_calls).http_client,
        twilio_client(apps["dispatch"].message_list._settings, 10).http_client,
    ]
    original = clients[0]._base_url
    for client in clients:
        client._base_url = "http://127.0.0.1:1"  # nothing listens there
    try:
        pass_an_hour(world)
    finally:
        for client in clients:
            client._base_url = original
    assert sum(count for state, count in states(world).items() if state.startswith("queued")) == DUE
    for _ in range(20):
        world.minute()
        world.wait(minutes=1)
    assert (len(world.phones.texts), states(world)) == (DUE, {"sent": DUE})


def test_an_hour_of_429_costs_no_text(world: World) -> None:
    publish_due_texts(world)
    calls: list[dict[str, str]] = []

    def slow_down(fields: dict[str, str]) -> HttpAnswer:
        calls.append(fields)
        return HttpAnswer(429, {"code": 20429, "status": 429}, {"Retry-After": "100000000000000"})

    world.phones.misbehave = slow_down
    pass_an_hour(world)
    assert len(calls) <= 2 * IN_FLIGHT
    world.phones.misbehave = None
    for _ in range(90):
        world.minute()
        world.wait(minutes=1)
    assert (len(world.phones.texts), states(world)) == (DUE, {"sent": DUE})


def test_a_probe_is_an_ordinary_text_before_an_urgent_one(world: World) -> None:
    publish_due_texts(world, 20)
    world.phones.misbehave = lambda _fields: DOWN
    world.minute()
    world.phones.misbehave = None
    urgent = world.message("p0", priority="urgent", can_delay=False)
    world.deliver()
    assert world.state(urgent) == ("queued", "paused")
    world.wait(seconds=10)
    world.dispatch()
    first, *_ = world.phones.texts
    assert first.body.startswith("number")
    world.minute()
    assert world.state(urgent) == ("sent", None)


def test_three_lone_texts_that_twilio_does_not_answer_are_an_outage_too(world: World) -> None:
    world.phones.misbehave = lambda _fields: DOWN
    for place in range(4):
        world.person(f"p{place}", phone=f"+1212555010{place}")
        world.message(f"p{place}", priority="urgent", can_delay=False)
        world.deliver()
        world.wait(seconds=20)
    assert sorted(states(world).items()) == [("queued paused", 1), ("sending unknown_outcome", 3)]


def test_a_wave_that_twilio_answers_writes_no_pause(world: World) -> None:
    publish_due_texts(world, 10)
    calls: list[dict[str, str]] = []

    def fail_twice(fields: dict[str, str]) -> HttpAnswer | None:
        calls.append(fields)
        return DOWN if len(calls) <= 2 else None

    world.phones.misbehave = fail_twice
    world.minute()
    assert states(world) == {"sent": 8, "sending unknown_outcome": 2}
    assert world.all("SELECT 1 FROM orchestrator.pauses") == []


def test_a_probe_that_our_account_is_refused_for_turns_the_outage_into_that_pause(world: World) -> None:
    publish_due_texts(world, 20)
    world.phones.misbehave = lambda _fields: DOWN
    world.minute()
    world.phones.misbehave = lambda _fields: twilio_error(401, 20003, "Authenticate")
    world.wait(seconds=10)
    world.dispatch()
    ((note, probes, ends_at),) = world.all("SELECT note, probes, ends_at FROM orchestrator.pauses")
    assert note == "Twilio refuses our account: refused: the credentials are wrong"
    assert (probes, ends_at is not None) == (None, True)


# Probes ------------------------------------------------------------------------------------------------------------------


def outage_of_twenty(world: World) -> None:
    """Twilio answers no call of a wave of ten."""
    publish_due_texts(world, 20)
    world.phones.misbehave = lambda _fields: DOWN
    world.minute()


def probes(world: World) -> list[tuple[int, float, bool]]:
    """The outage: how many probes failed, in how many seconds the next one is due, and whether one is under way."""
    return [
        (number, (due - world.now).total_seconds(), probe_id is not None)
        for number, due, probe_id in world.all("SELECT probes, probe_at, probe_id FROM orchestrator.pauses")
    ]


def begin_probe(world: World) -> UUID:
    """The next probe, at the time when it is due."""
    ((due,),) = world.all("SELECT probe_at FROM orchestrator.pauses")
    world.travel_to(due)
    (probe,) = claim_probe(world.connection, world.now)
    assert world.row(probe.message_id)["lease_until"] == world.now + URGENT_LEASE
    return probe.message_id


def take_up(world: World, message_id: UUID) -> None:
    """The deliver function gets the record that hands over a message."""
    world.invoke("deliver", sqs_event([sqs_record(json.dumps({"message_id": str(message_id)}), world.now)]))


def test_each_probe_that_fails_triples_the_wait_up_to_a_quarter_of_an_hour(world: World) -> None:
    outage_of_twenty(world)
    waits = []
    for _ in range(6):
        take_up(world, begin_probe(world))
        waits.extend(probes(world))
    assert waits == [(1, 30, False), (2, 90, False), (3, 270, False), (4, 810, False), (5, 900, False), (6, 900, False)]


@pytest.mark.parametrize("answer", [None, twilio_error(400, 21211, "Invalid number")], ids=["accepted", "refused"])
def test_an_answer_to_the_probe_ends_the_outage_and_evidence_of_another_text_does_not(
    world: World, answer: HttpAnswer | None
) -> None:
    outage_of_twenty(world)
    (attempt_id, other), *_ = world.all("SELECT id, message_id FROM orchestrator.attempts WHERE outcome = 'unknown'")
    probe = begin_probe(world)
    assert probe != other
    evidence = Settlement.of_sent_text(attempt_id, f"SM{1:032}", Evidence.MESSAGE_LIST)
    settle_by_evidence(world.connection, [evidence], world.now)
    assert probes(world) == [(0, 0, True)]
    world.phones.misbehave = lambda _fields: answer
    take_up(world, probe)
    assert probes(world) == []


def test_a_probe_under_way_is_the_only_one_and_calls_that_fail_meanwhile_leave_it(world: World) -> None:
    outage_of_twenty(world)
    probe = begin_probe(world)
    assert claim_probe(world.connection, world.now) == []
    before = probes(world)
    # The probe may have an attempt of its own, from the wave in which it was not called.
    others = "UPDATE orchestrator.attempts SET outcome = NULL WHERE message_id <> %s RETURNING id"
    unanswered = [
        Settlement(
            attempt, "unknown", None, None, None, None, Status.SENDING, Reason.UNKNOWN_OUTCOME, None, None, False
        )
        for (attempt,) in world.all(others, probe)
    ]
    assert unanswered
    settle_by_evidence(world.connection, unanswered, world.now)
    assert probes(world) == before == [(0, 0, True)]


def test_while_twilio_refuses_our_account_nothing_probes_it(world: World) -> None:
    outage_of_twenty(world)
    world.connection.execute("UPDATE orchestrator.pauses SET probes = NULL")
    world.wait(minutes=1)
    assert claim_probe(world.connection, world.now) == []


def test_an_outage_that_was_stored_without_probes_is_probed_after_a_deploy(world: World) -> None:
    outage_of_twenty(world)
    world.connection.execute("UPDATE orchestrator.pauses SET probes = NULL")
    world.wait(minutes=1)
    migration = Path(migrate.__file__).parent / "migrations" / "2026_12_15_01_probe_every_outage.sql"
    world.connection.execute(migration.read_bytes())
    assert len(claim_probe(world.connection, world.now)) == 1
