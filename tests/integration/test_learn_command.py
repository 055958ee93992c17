"""What operators see of learned hours: the comparison with the holdouts, a person's week, and why a text waits."""

import json
from datetime import timedelta
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from orchestrator.rules.answer_curves import StopCounts, fit_curves, learn_hours
from orchestrator.rules.answer_evidence import AnswerOutcome, with_outcomes
from orchestrator.rules.answer_hours import BestTimeKind
from orchestrator.rules.answer_lift import sums_of
from orchestrator.rules.holdouts import Holdout
from orchestrator.store import answer_hours as store
from orchestrator_cli.console.app import operator_console
from orchestrator_cli.console.command import database_of_request
from tests.integration.test_learn import IDS
from tests.integration.test_operator_actions import invoke
from tests.world import World


def learned_evenings(world: World) -> UUID:
    """Ada, who answers at 18:00 and not at 10:00, as everybody does."""
    user_id = world.person(id=IDS[Holdout.NONE][0])
    outcomes = [
        AnswerOutcome(hour, 1.0, answered=hour == 18 and n % 4 > 0, stopped=False, sent_at=world.now)
        for n in range(32)
        for hour in (10, 18)
    ]
    evidence = with_outcomes(None, outcomes, world.now)
    curves = fit_curves([evidence] * 30, None, StopCounts())
    assert curves is not None
    store.store_answer_curves(world.connection, curves, learn_hours(None, curves), world.now)
    after = UUID(int=1)
    person = store.PersonEvidence(user_id, evidence, store.AnswerTotals())
    assert store.write_answer_evidence(world.connection, after, UUID(int=2), {}, [person], [], world.now)
    store.write_learned_hours(world.connection, [(user_id, evidence, learn_hours(evidence, curves))], world.now)
    return user_id


def text_of(world: World, kind: BestTimeKind) -> UUID:
    """A message whose draw does not try another hour."""
    for _ in range(100):
        message_id = world.message(priority="medium", scheduled_for=world.now + timedelta(minutes=1))
        if world.row(message_id)["best_kind"] == kind:
            return message_id
    raise AssertionError("no such message")


def test_a_message_goes_at_the_learned_hour_and_explain_says_why(world: World) -> None:
    learned_evenings(world)
    message_id = text_of(world, BestTimeKind.LEARNED)
    row = world.row(message_id)
    assert 17 <= (row["best_at"] - timedelta(hours=5)).hour <= 19, "New York is five hours behind UTC"
    assert 0 < row["best_probability"] <= 1
    assert world.state(message_id) == ("queued", "best_time")
    _, printed = invoke("explain", str(message_id))
    assert "best time Tuesday 1" in printed
    shown = " ".join(printed.replace("│", " ").split())  # a line of the table may be wrapped
    assert "answers come most often on weekday evenings (24 of 32 texts answered there; sure); chosen for " in shown


@pytest.mark.parametrize(
    ("pattern", "words"),
    [({"best_hours": [12]}, "an hour of the pattern that the owner of the data set"), (None, "the usual hour")],
)
def test_explain_names_what_chose_the_hour(world: World, pattern: object, words: str) -> None:
    world.person(response_pattern=json.dumps(pattern) if pattern else None)
    message_id = world.message(priority="medium")
    assert words in invoke("explain", str(message_id))[1]


def test_a_person_is_shown_beside_everybody(world: World) -> None:
    user_id = learned_evenings(world)
    for command in (("user", "show", "ada"), ("learn", "show", "ada")):
        code, printed = invoke(*command)
        assert code == 0
        assert "working days, the person" in printed
        assert "working days, everybody" in printed
        assert "best 18:00" in printed
        assert "24.0 of 64.0 texts answered" in printed
    assert "the person" not in invoke("learn", "show")[1]
    facts = json.loads(invoke("learn", "show", "ada", "--json")[1])
    rates = facts["expected_answer_rates"]
    assert (len(rates), rates.index(max(rates)), facts["learning"]) == (48, 18, "on")
    client = TestClient(
        operator_console(database_of_request, "a test", "token", 8123), base_url="http://127.0.0.1:8123"
    )
    page = client.get(f"/token/people/{user_id}").text
    assert page.count('class="heat-7"') >= 1
    assert "working days, this person: best at 18:00." in page


def test_a_person_who_is_switched_off_gets_the_usual_hour_and_on_begins_anew(world: World) -> None:
    user_id = learned_evenings(world)
    assert invoke("learn", "off", "ada", "--yes", "--reason", "as she asked")[0] == 0
    message_id = world.message(priority="medium", scheduled_for=world.now + timedelta(days=1))
    assert world.row(message_id)["best_kind"] == "default"
    assert "Nothing is learned of the person since" in invoke("user", "show", "ada")[1]
    assert world.all("SELECT hours, learned FROM orchestrator.answer_hours") == [([], None)]
    assert invoke("learn", "on", "ada", "--yes")[0] == 0
    assert store.read_answer_hours(world.connection, user_id).off_since is None
    actions = world.all("SELECT action, change, reason FROM orchestrator.operator_actions ORDER BY id")
    assert actions == [
        ("learn off", {"learning": "off"}, "as she asked"),
        ("learn on", {"learning": "on"}, None),
    ]


def arm(period: str, name: str, people: list[tuple[int, int, int]]) -> store.ArmResult:
    sums = sums_of(people)
    return store.ArmResult(period, name, **{field: int(getattr(sums, field)) for field in sums.__slots__})


def write_results(world: World, *results: store.ArmResult) -> None:
    assert store.write_answer_evidence(world.connection, UUID(int=1), UUID(int=2), {}, [], results, world.now)


def test_a_report_says_what_is_proved_and_what_would_be_seen(world: World) -> None:
    assert "Nothing to compare yet" in invoke("learn", "report")[1]
    often, seldom = [(10, 6, 0), (10, 4, 0)] * 100, [(10, 2, 0), (10, 4, 0)] * 50
    write_results(
        world,
        *(arm(period, "learned", often) for period in ("all", "2026-W10")),
        *(arm(period, "default_holdout", seldom) for period in ("all", "2026-W10")),
        arm("all", "population_holdout", [(10, 5, 0)]),
        arm("2025-W01", "learned", often),
    )
    code, printed = invoke("learn", "report", "--weeks", "4")
    assert code == 0
    assert "Answered: 50.0% at learned hours, 30.0% at the usual hour: a difference (+20.0 points" in printed
    assert "STOP: 0.0% at learned hours, 0.0% at the usual hour: no difference yet" in printed
    assert "everybody's best hour. Too few people for a comparison." in printed
    assert "2026-W10" in printed
    assert "2025-W01" not in printed, "longer ago"
    facts = json.loads(invoke("learn", "report", "--json")[1])
    (learned,) = (fact for fact in facts if fact["period"] == "all" and fact["arm"] == "learned")
    assert learned["answers_against_default_holdout"]["proved"] is True
