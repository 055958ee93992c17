"""Agents and message types pause themselves by what their texts bring, and an operator ends it (R13)."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from orchestrator.agents import Agent
from orchestrator.rules.outcome_brake import OutcomePause, OutcomeScope
from orchestrator.sms.outcomes import FILTERED
from orchestrator.store.agents import set_agent
from orchestrator.store.outcomes import count_outcomes, pause_by_outcome
from orchestrator.store.pauses import lift_outcome_pause, list_pauses
from orchestrator_local.stand_ins.phones import Callback
from tests.world import World

Run = Callable[..., str]


@pytest.fixture
def month(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A brake that needs 50 texts, a crowd whose texts are written into the database, and Ada."""
    app = world.functions["dispatch"]
    monkeypatch.setitem(app.__dict__, "settings", app.settings.model_copy(update={"outcome_brake_texts": 50}))
    world.person("crowd", phone="+12125550199")
    world.person(daily_limit=99, hourly_limit=99)
    return world


def history(
    world: World, agent: str, texts: int, *, kind: str = "note", stops: int = 0, filtered: int = 0, **ago: float
) -> None:
    """Texts of an agent, one an hour before now unless named, each to a number of its own; a STOP follows the first."""
    world.connection.execute(
        """
        WITH texts AS (
            SELECT n, gen_random_uuid() AS message_id, format('+1%%s', 2000000000 + (random() * 7e9)::bigint) AS number,
                   u.id AS user_id
              FROM generate_series(1, %(texts)s) n
             CROSS JOIN users u WHERE u.external_id = 'crowd'
        ), messages AS (
            INSERT INTO message_queue (id, user_id, agent_id, message_data, status, scheduled_for, accepted_at)
            SELECT message_id, user_id, %(agent)s, jsonb_build_object('type', %(kind)s::text), 'sent', %(at)s, %(at)s
              FROM texts
        ), stops AS (
            INSERT INTO orchestrator.opt_outs (phone_number, user_id, source, opted_out_at)
            SELECT number, user_id, 'keyword', %(at)s + interval '5 minutes' FROM texts WHERE n <= %(stops)s
        )
        INSERT INTO orchestrator.attempts (id, message_id, user_id, conversation_id, phone_number, fingerprint,
                                           local_date, started_at, outcome, holds_slot, undelivered_code)
        SELECT (lpad(to_hex((extract(epoch FROM %(at)s) * 1000)::bigint), 12, '0') || '7000'
                || substr(md5(message_id::text), 1, 16))::uuid,
               message_id, user_id, gen_random_uuid(), number, '', %(at)s::date, %(at)s, 'accepted', false,
               CASE WHEN n <= %(filtered)s THEN 30007 END
          FROM texts
        """,
        {
            "agent": agent,
            "texts": texts,
            "kind": kind,
            "stops": stops,
            "filtered": filtered,
            "at": world.now - timedelta(**(ago or {"hours": 1})),
        },
    )


def counts(world: World, least: int = 1) -> dict[tuple[str | None, str | None], tuple[int, int, int]]:
    """Texts, STOPs and filtered texts by agent and type."""
    found = count_outcomes(world.connection, FILTERED, least, world.now)
    return {(c.agent, c.type): (c.outcomes.texts, c.outcomes.stops, c.outcomes.filtered) for c in found}


def paused(world: World) -> list[tuple[str, str]]:
    return [(pause.scope, pause.value) for pause in list_pauses(world.connection, world.now)]


def test_an_agent_whose_texts_bring_stops_pauses_itself_until_an_operator_ends_it(
    month: World, run_command: Run
) -> None:
    history(month, "bulk", 60, stops=20)
    history(month, "reminders", 200, stops=1)
    waits = month.message(agent_id="bulk", message_data={"type": "note", "message": "An offer"})
    goes = month.message(agent_id="reminders", message_data={"type": "note", "message": "Your visit"})
    tick = month.dispatch()
    assert (tick["paused_by_outcome"], tick["handed_over"]["high"]) == ({"agent_outcomes": 1}, 1)
    month.deliver()
    code = month.message(
        agent_id="codes", priority="urgent", can_delay=False, message_data={"type": "code", "message": "Code 4711"}
    )
    late = month.message(agent_id="bulk", priority="urgent", can_delay=False)
    month.deliver()
    assert {month.state(i)[0] for i in (goes, code)} == {"sent"}
    assert month.state(late) == ("queued", "paused"), "an urgent one is not sent either"

    note = "20 of 60 texts brought a STOP (33.3%), of the rest 0.5%"
    month.wait(minutes=3)
    assert month.dispatch()["paused_by_outcome"] == {}, "once"
    (pause,) = list_pauses(month.connection, month.now)
    assert (pause.note, month.now - pause.paused_at, pause.ends_at) == (note, timedelta(minutes=3), None)
    explained = run_command("explain", str(late))
    assert f"Paused: agent bulk since 2026-03-03 10:00:00 EST by the brake by outcome: {note}" in explained
    assert json.loads(run_command("explain", str(waits), "--json"))["pauses"][0]["note"] == note
    assert f"Paused: agent bulk since 2026-03-03 15:00:00 UTC by the brake by outcome: {note}" in run_command(
        "agent", "list"
    )
    set_agent(month.connection, Agent("bulk"))
    (listed,) = json.loads(run_command("agent", "list", "--json"))
    assert listed["pauses"][0]["note"] == note

    assert "Resumed: agent bulk." in run_command("resume", "--yes", "--agent", "bulk")
    assert "was not paused" in run_command("resume", "--yes", "--agent", "bulk")
    month.wait(minutes=1)
    month.minute()
    assert {month.state(i)[0] for i in (waits, late)} == {"sent"}
    assert (paused(month), counts(month)["bulk", "note"]) == ([], (2, 0, 0)), "what it sent before no longer counts"
    month.wait(days=1)
    history(month, "bulk", 60, stops=20)
    assert month.dispatch()["paused_by_outcome"] == {"agent_outcomes": 1}


def test_a_type_of_message_is_paused_too_by_an_operator_or_by_outcome(month: World, run_command: Run) -> None:
    history(month, "shop", 60, kind="offer", filtered=20)
    history(month, "shop", 3_000, kind="receipt")
    offer, receipt = (
        month.message(agent_id="shop", message_data={"type": kind, "message": kind}) for kind in ("offer", "receipt")
    )
    month.minute()
    assert paused(month) == [("type_outcomes", "offer")]
    assert (month.state(offer)[0], month.state(receipt)[0]) == ("queued", "sent")
    assert "since" in run_command("explain", str(offer))
    assert "Resumed: type offer." in run_command("resume", "--yes", "--type", "offer")
    run_command("pause", "--yes", "--type", "offer", "--note", "its words are being written")
    month.wait(minutes=1)
    month.minute()
    assert (month.state(offer)[0], paused(month)) == ("queued", [("type", "offer")])
    assert "Give one of" in run_command("pause", "--yes", "--type", "offer", "--agent", "shop", code=2)
    run_command("resume", "--yes", "--type", "offer")
    month.minute()
    assert month.state(offer)[0] == "sent"


def test_a_stop_is_charged_to_the_last_text_before_it(month: World) -> None:
    def text(agent: str) -> None:
        month.message(agent_id=agent, message_data={"type": "note", "message": f"From {agent} {month.now}"})
        month.minute()

    text("first")
    month.wait(hours=2)
    text("second")
    month.wait(minutes=5)
    month.writes("STOP")
    assert counts(month) == {("first", "note"): (1, 0, 0), ("second", "note"): (1, 1, 0)}
    month.wait(minutes=1)
    month.writes("START")
    month.wait(minutes=1)
    month.writes("Please stop texting me")
    assert counts(month)["second", "note"] == (1, 1, 0), "a second STOP charges the same text once"
    month.wait(minutes=1)
    month.writes("START")
    month.wait(minutes=1)
    text("third")
    month.wait(hours=24)
    month.writes("STOP")
    assert counts(month)["third", "note"] == (1, 0, 0), "a day later it follows no text"
    month.wait(days=7)
    assert counts(month) == {}


def test_a_stop_that_is_repeated_a_day_later_stays_charged_to_its_text(month: World) -> None:
    month.message()
    month.minute()
    month.wait(minutes=5)
    month.writes("STOP")
    month.wait(hours=30)
    month.writes("STOP")
    assert counts(month) == {("concierge_main", "note"): (1, 1, 0)}


@pytest.mark.parametrize("source", ["operator", "wrong_person", "twilio_21610", "recovered"])
def test_an_opt_out_that_is_no_stop_is_charged_to_none(month: World, source: str) -> None:
    history(month, "bulk", 5, stops=5)
    month.connection.execute("UPDATE orchestrator.opt_outs SET source = %s", (source,))
    assert counts(month) == {("bulk", "note"): (5, 0, 0)}


@pytest.mark.parametrize(("code", "filtered"), [(30007, 1), (30004, 1), (30003, 0)])
def test_what_carriers_filter_counts(month: World, code: int, filtered: int) -> None:
    month.message()
    month.minute()
    sent = month.phones.callbacks[0]
    month.phones.callbacks.clear()
    month.twilio_calls(Callback(sent.url, {**sent.fields, "MessageStatus": "undelivered", "ErrorCode": str(code)}))
    month.take_in()
    assert counts(month) == {("concierge_main", "note"): (1, 0, filtered)}


def test_agents_count_by_their_prefix_and_small_ones_together(month: World) -> None:
    set_agent(month.connection, Agent("saga"))
    for agent in ("saga_1", "Saga_2", "lone_1", "lone_2"):
        history(month, agent, 3, kind="a")
    history(month, "saga_3", 4, kind="b")
    assert counts(month) == {
        ("saga", "a"): (6, 0, 0),
        ("saga", "b"): (4, 0, 0),
        **{(f"lone_{n}", "a"): (3, 0, 0) for n in (1, 2)},
    }
    assert counts(month, least=5) == {("saga", "a"): (6, 0, 0), ("saga", None): (4, 0, 0), (None, "a"): (6, 0, 0)}


def test_a_sequence_counts_once_and_our_own_answers_never(month: World) -> None:
    history(month, "system", 2, kind="opt_out_confirmation")
    history(month, "system", 2, kind="help_answer")
    history(month, "saga", 3, stops=1)
    month.connection.execute(
        "UPDATE orchestrator.attempts a SET part = p.part FROM ("
        " SELECT a.id, row_number() OVER () AS part FROM orchestrator.attempts a"
        "   JOIN message_queue m ON m.id = a.message_id WHERE m.agent_id = 'saga') p WHERE a.id = p.id"
    )
    assert counts(month) == {("saga", "note"): (1, 1, 0)}


def test_texts_of_what_is_paused_count_nowhere(month: World) -> None:
    set_agent(month.connection, Agent("bulk"))
    history(month, "bulk_7", 60, stops=20)
    history(month, "reminders", 5)
    pause = OutcomePause(OutcomeScope.AGENT, "bulk", "why")
    assert pause_by_outcome(month.connection, [pause], month.now) == [("agent_outcomes", "bulk")]
    assert counts(month) == {("reminders", "note"): (5, 0, 0)}
    assert pause_by_outcome(month.connection, [pause], month.now) == []


def test_a_tick_that_counted_before_an_operator_ended_a_pause_does_not_begin_it_again(month: World) -> None:
    pause = OutcomePause(OutcomeScope.AGENT, "bulk", "why")
    pause_by_outcome(month.connection, [pause], month.now)
    counted_at = month.now
    month.wait(seconds=5)
    assert lift_outcome_pause(month.connection, OutcomeScope.AGENT, "bulk", month.now)
    assert pause_by_outcome(month.connection, [pause], counted_at) == []
    assert paused(month) == []


def test_code_from_before_obeys_the_pause_of_an_agent(month: World) -> None:
    """A function that still runs calls the predicate that does not know types."""
    pause_by_outcome(month.connection, [OutcomePause(OutcomeScope.AGENT, "bulk", "why")], month.now)
    ask = "SELECT scope FROM orchestrator.pauses_of('high', %s, %s, %s)"
    no_person = UUID(int=0)
    assert month.all(ask, "Bulk", no_person, month.now) == [("agent_outcomes",)]
    assert month.all(ask, "bulk_mail", no_person, month.now) == []


def test_pauses_by_outcome_feed_a_metric(month: World, capsys: pytest.CaptureFixture[str]) -> None:
    pause_by_outcome(month.connection, [OutcomePause(scope, "x", "why") for scope in OutcomeScope], month.now)
    month.dispatch()
    records: list[dict[str, Any]] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {r["of"]: r["OutcomePauses"] for r in records if "OutcomePauses" in r} == {
        "agent_outcomes": [1],
        "type_outcomes": [1],
    }
