"""Numbers change hands (R15): Twilio is asked before marketing, and "wrong number" ends the consent."""

import json
import time
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from orchestrator.agents import Agent
from orchestrator.maintenance.evidence_file import build_evidence
from orchestrator.purpose import Purpose
from orchestrator.sender_settings import SendingMode
from orchestrator.store.agents import set_agent
from orchestrator.store.number_checks import NumberClaim, claim_number_checks
from orchestrator_local.stand_ins.http import HttpAnswer
from orchestrator_local.stand_ins.phones import twilio_error
from tests.world import LambdaContext, World

Run = Callable[..., str]
ADA = "+12125550101"


@pytest.fixture
def shop(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Ada agreed to marketing in January; the setting is on."""
    world.person(daily_limit=99, hourly_limit=99)
    set_agent(world.connection, Agent("shop", purpose=Purpose.MARKETING))
    agree(world, "2026-01-10T18:00:00+00:00")
    switch(world, monkeypatch)
    return world


def switch(world: World, monkeypatch: pytest.MonkeyPatch, **update: Any) -> None:
    app = world.functions["deliver"]
    settings = app.settings.model_copy(update={"reassigned_numbers": "marketing", **update})
    monkeypatch.setitem(app.__dict__, "settings", settings)


def agree(world: World, at: str, user: str = "ada") -> None:
    world.publish(
        {
            "action": "record_consent",
            "user_id": user,
            "purpose": "marketing",
            "source": "web form /signup",
            "given_at": at,
        }
    )


def offer(world: World, user: str = "ada", **fields: Any) -> UUID:
    words = {"type": "note", "message": f"An offer of {world.now:%d %B %H:%M} for {user}"}
    message = world.message(user, agent_id="shop_1", can_delay=False, message_data=words, **fields)
    world.minute()
    return message


def fails(world: World, answer: HttpAnswer) -> None:
    """Twilio answers questions about numbers so; texts go as usual."""
    world.phones.misbehave = lambda fields: answer if "path" in fields else None


def test_twilio_is_asked_once_a_month_before_marketing_and_about_the_day_of_the_consent(shop: World) -> None:
    for _ in range(2):
        assert shop.state(offer(shop))[0] == "sent"
        shop.wait(hours=2)
    shop.message(message_data={"type": "note", "message": "Your visit is tomorrow"}, can_delay=False)
    shop.minute()
    assert shop.phones.lookups == [(ADA, "20260110")]
    assert len(shop.texts()) == 3
    shop.wait(days=30)
    assert shop.state(offer(shop))[0] == "sent"
    shop.wait(hours=2)
    assert shop.state(offer(shop))[0] == "sent"
    assert shop.phones.lookups == [(ADA, "20260110")] * 2, "the newest answer counts"
    assert shop.all("SELECT answer, verified_on FROM orchestrator.number_checks") == [("no", date(2026, 1, 10))] * 2


def test_a_number_with_another_owner_is_opted_out_and_its_consent_has_ended(shop: World, run_command: Run) -> None:
    shop.phones.owners[ADA] = "yes"
    waits = shop.message(agent_id="shop_1", priority="low", scheduled_for=shop.now + timedelta(days=1))
    message = offer(shop)
    assert (shop.texts(), shop.state(message), shop.state(waits)) == (
        [],
        ("cancelled", "opted_out"),
        ("cancelled", "opted_out"),
    )
    explained = run_command("explain", str(message))
    assert "the number has another owner since 2026-01-10 (R15)" in explained
    assert "Twilio reports that the number has another owner since the consent (R11)" in explained
    shop.wait(minutes=1)
    shop.writes("START")
    later = offer(shop)
    assert shop.state(later) == ("queued", "no_consent"), "the person with the number now never agreed"
    shop.phones.owners.clear()
    agree(shop, shop.now.isoformat())
    shop.wait(minutes=1)
    shop.minute()
    assert shop.state(later)[0] == "sent"
    assert shop.phones.lookups == [(ADA, "20260110"), (ADA, "20260303")], "a newer consent is asked about at once"


def test_no_data_is_no_answer_and_waits_for_a_newer_consent(shop: World, run_command: Run) -> None:
    shop.connection.execute("UPDATE orchestrator.consents SET at = '2020-06-01T12:00:00Z'")
    message = offer(shop)
    assert (shop.texts(), shop.state(message)) == ([], ("queued", "number_unchecked"))
    assert shop.row(message)["scheduled_for"] == shop.now + timedelta(days=1)
    assert "Twilio has no data of the number since 2020-06-01" in run_command("explain", str(message))
    agree(shop, "2026-03-01T12:00:00+00:00")
    shop.wait(days=1)
    shop.minute()
    assert (shop.state(message)[0], len(shop.phones.lookups)) == ("sent", 2)


@pytest.mark.parametrize(
    ("answer", "reason", "minutes"),
    [
        (twilio_error(403, 60606, "Lookup Package is Not Enabled"), "number_unchecked", 60),
        (twilio_error(403, 60699, "Lookup Usage Disabled"), "number_unchecked", 60),
        (twilio_error(400, 60611, "Lookup Package Quota Reached"), "number_unchecked", 1),
        (twilio_error(429, 60616, "Lookup rate limit exceeded"), "number_unchecked", 1),
        (twilio_error(400, 60618, "Lookup Malformed Request Parameter"), "number_unchecked", 15),
        (twilio_error(401, 20003, "Authenticate"), "provider_configuration", 5),
        (twilio_error(403, 20005, "Account not active"), "provider_configuration", 5),
        (twilio_error(429, 20429, "Too Many Requests"), "provider_busy", 1),
        (twilio_error(503, 20503, "Service unavailable"), "number_unchecked", 15),
        (HttpAnswer(200, None, drop=True), "number_unchecked", 15),
        (HttpAnswer(200, {"reassigned_number": None}), "number_unchecked", 15),
        (
            HttpAnswer(200, {"reassigned_number": {"is_number_reassigned": None, "error_code": 60607}}),
            "number_unchecked",
            15,
        ),
        (
            HttpAnswer(200, {"reassigned_number": {"is_number_reassigned": "maybe", "error_code": None}}),
            "number_unchecked",
            15,
        ),
        (HttpAnswer(200, b"<html>"), "number_unchecked", 15),
    ],
)
def test_a_failure_never_means_that_a_text_may_go(
    shop: World, run_command: Run, answer: HttpAnswer, reason: str, minutes: int
) -> None:
    fails(shop, answer)
    message = offer(shop)
    assert (shop.texts(), shop.state(message)) == ([], ("queued", reason))
    assert shop.row(message)["scheduled_for"] == shop.now + timedelta(minutes=minutes)
    assert shop.all("SELECT count(answer) FROM orchestrator.number_checks") == [(0,)]
    note = shop.all("SELECT note FROM orchestrator.timeline WHERE message_id = %s AND note IS NOT NULL", message)
    assert note
    assert ADA not in str(note)
    shop.phones.misbehave = None
    shop.wait(minutes=minutes)
    shop.minute()
    assert shop.state(message)[0] == "sent"


def test_a_fault_of_the_account_raises_the_alarm_of_such_faults(
    shop: World, capsys: pytest.CaptureFixture[str]
) -> None:
    fails(shop, twilio_error(403, 60606, "Lookup Package is Not Enabled"))
    offer(shop)
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [r["ProviderFaults"] for r in records if "ProviderFaults" in r] == [[1]]
    assert [(r["answer"], r["NumbersAsked"]) for r in records if "NumbersAsked" in r] == [("failed", [1])]


def test_other_purposes_other_countries_and_a_shadow_run_ask_nothing(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.person("cleo", phone="+14165550101", timezone="America/Toronto", daily_limit=99, hourly_limit=99)
    agree(shop, "2026-01-10T18:00:00+00:00", "cleo")
    switch(shop, monkeypatch, sender_name="Harbor Books", sender_contact="harbor.example")
    canadian = offer(shop, "cleo")
    informs = shop.message(message_data={"type": "note", "message": "Your visit is tomorrow"}, can_delay=False)
    shop.minute()
    switch(shop, monkeypatch, sending=SendingMode.SHADOW)
    offer(shop)
    switch(shop, monkeypatch, reassigned_numbers="off")
    shop.wait(hours=2)
    offer(shop)
    assert {shop.state(message)[0] for message in (canadian, informs)} == {"sent"}
    assert shop.phones.lookups == []


def test_people_of_a_wave_are_asked_about_side_by_side_and_each_number_once(shop: World) -> None:
    for number in range(2, 8):
        shop.person(f"p{number}", phone=f"+1212555010{number}", daily_limit=99, hourly_limit=99)
        agree(shop, "2026-01-10T18:00:00+00:00", f"p{number}")
    shop.phones.owners["+12125550103"] = "yes"
    shop.phones.owners["+12125550104"] = "no_data_available"
    for user in ("ada", "ada", *(f"p{number}" for number in range(2, 8))):
        shop.message(
            user,
            agent_id="shop_1",
            can_delay=False,
            message_data={"type": "note", "message": f"For {shop.now} {time.time()}"},
        )
    shop.minute()
    assert sorted(number for number, _ in shop.phones.lookups) == [f"+1212555010{number}" for number in range(1, 8)]
    assert len(shop.phones.texts) == 6, "two to Ada, and one to each of four others"


def test_questions_that_might_not_end_within_the_invocation_wait(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one call at once, a wave of fifty questions would outlast the function, and begin again each time."""
    switch(shop, monkeypatch, twilio_parallel_calls=1, twilio_timeout_seconds=10, claude_deadline_seconds=2)
    left = lambda _: 60_000 - 10_000 * len(shop.phones.lookups)  # noqa: E731
    messages = []
    for number in range(2, 8):
        shop.person(f"p{number}", phone=f"+1212555010{number}", daily_limit=99, hourly_limit=99)
        agree(shop, "2026-01-10T18:00:00+00:00", f"p{number}")
        data = {"type": "note", "message": f"For p{number}"}
        messages.append(shop.message(f"p{number}", agent_id="shop_1", can_delay=False, message_data=data))
    with monkeypatch.context() as slow:
        slow.setattr(LambdaContext, "get_remaining_time_in_millis", left)
        shop.minute()
    assert (len(shop.phones.lookups), len(shop.phones.texts)) == (4, 4)
    assert sorted(shop.state(message) for message in messages)[:2] == [("queued", "number_unchecked")] * 2
    shop.wait(minutes=15)
    shop.minute()
    assert {shop.state(message)[0] for message in messages} == {"sent"}
    assert len(shop.phones.lookups) == 6


def test_no_lock_is_held_and_no_transaction_is_open_while_twilio_answers(shop: World) -> None:
    open_transactions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%%'"
    seen: list[Any] = []

    def look(fields: dict[str, str]) -> None:
        if "path" in fields:
            seen.extend(shop.all(open_transactions))
            seen.extend(shop.all("SELECT 0 FROM users FOR UPDATE NOWAIT"))

    shop.phones.misbehave = look
    assert shop.state(offer(shop))[0] == "sent"
    assert seen == [(0,), (0,)]


def test_of_two_workers_one_asks_and_the_other_waits(shop: World) -> None:
    ((ada,),) = shop.all("SELECT id FROM users WHERE external_id = 'ada'")
    claim = NumberClaim(uuid4(), ada, ADA, date(2026, 1, 10))
    assert claim_number_checks(shop.connection, [claim], shop.now) == {claim.id}
    message = offer(shop)
    assert (shop.state(message), shop.phones.lookups) == (("queued", "number_unchecked"), [])
    assert shop.row(message)["scheduled_for"] == shop.now + timedelta(minutes=1)
    shop.wait(minutes=1)  # the other worker was killed
    seen: list[set[UUID]] = []
    shop.phones.misbehave = lambda fields: (
        seen.append(claim_number_checks(shop.connection, [claim], shop.now)) if "path" in fields else None
    )
    shop.minute()
    assert (shop.state(message)[0], seen, len(shop.phones.lookups)) == ("sent", [set()], 1)
    assert claim_number_checks(shop.connection, [claim], shop.now) == set(), "it was answered a moment ago"


def test_a_question_counts_toward_the_costs_of_the_day(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    switch(shop, monkeypatch, reassigned_number_usd=1.5)
    offer(shop)
    ((texts, usd),) = shop.all("SELECT texts, twilio_usd FROM orchestrator.daily_spending()")
    assert (texts, usd) == (1, Decimal("1.5128"))


def test_the_evidence_of_a_text_names_the_answer(shop: World) -> None:
    offer(shop)
    ((ada,),) = shop.all("SELECT id FROM users WHERE external_id = 'ada'")
    entries = build_evidence(shop.connection, ada, shop.now - timedelta(days=1), shop.now + timedelta(days=1), shop.now)
    (check,) = [entry["number_check"] for entry in entries if entry["kind"] == "text"]
    assert (check["since"], check["has_another_owner"]) == ("2026-01-10", "no")


def test_wrong_number_ends_the_consent_of_the_number(shop: World) -> None:
    offer(shop)
    shop.wait(minutes=5)
    shop.writes("Wrong number")
    shop.wait(minutes=1)
    shop.writes("START")
    shop.wait(hours=3)
    assert shop.state(offer(shop)) == ("queued", "no_consent")
    assert shop.all("SELECT source FROM orchestrator.opt_outs") == [("wrong_person",)]
