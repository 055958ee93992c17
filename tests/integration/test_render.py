"""Whatever Claude says, and however it fails: what arrives on a phone, at the deliver handler (G7)."""

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.settings import DeliverSettings, load
from orchestrator.wording.plain import plain_sentence
from orchestrator_local.stand_ins.http import HttpAnswer
from tests.integration.test_relevance import FAILURES
from tests.tables import empty_tables
from tests.world import World

DATA = {"type": "solution_update", "findings": {"name": "Acme Corp", "amount": 1200, "due": "2026-11-22"}}
PLAIN = "Hi Ada, solution update: findings: Acme Corp."


def said(world: World, *texts: str) -> list[dict[str, Any]]:
    """Make Claude say these texts, one after the other; returns its requests."""
    waiting = list(texts)
    world.claude.misbehave = lambda request: world.claude.reply(
        request, json.dumps({"text": waiting.pop(0) if len(waiting) > 1 else waiting[0]})
    )
    return world.claude.requests


def test_a_text_with_a_foreign_fact_is_corrected_once(world: World) -> None:
    world.person()
    requests = said(world, "You owe 1,300.", "You owe 1,200 to Acme Corp, due Nov 22.")
    message_id = world.message(message_data=DATA)
    world.minute()
    assert world.texts() == ["You owe 1,200 to Acme Corp, due Nov 22."]
    assert [turn["role"] for turn in requests[1]["messages"]] == ["user", "assistant", "user"]
    assert "1,300" in requests[1]["messages"][2]["content"]
    assert world.all("SELECT output_data->>'outcome' FROM agent_actions_log ORDER BY 1") == [
        ("corrected",),
        ("ungrounded",),
    ]
    assert world.row(message_id)["words_source"] == "claude"


def test_a_text_that_stays_wrong_gives_way_to_the_plain_sentence(world: World) -> None:
    world.person()
    requests = said(world, "Pay at http://evil.example")
    world.message(message_data=DATA)
    world.minute()
    assert (world.texts(), len(requests)) == ([PLAIN], 2)


def test_smart_quotes_and_dashes_are_made_plain(world: World) -> None:
    world.person()
    said(world, "It\u2019s \u201cAcme Corp\u201d \u2013 really\u2026")
    message_id = world.message(message_data=DATA)
    world.minute()
    assert world.texts() == ['It\'s "Acme Corp" - really...']
    assert (world.row(message_id)["encoding"], world.row(message_id)["segments"]) == ("GSM-7", 1)


@pytest.mark.parametrize("text", ["Acme " * 70, "Акме " * 30, "Is it Acme? Or Corp?", "**Acme**", "- Acme\n- Corp"])
def test_what_is_no_good_text_message_is_not_sent(world: World, text: str) -> None:
    world.person()
    said(world, text)
    world.message(message_data=DATA)
    world.minute()
    assert world.texts() == [PLAIN]


@pytest.mark.parametrize(
    ("agent_id", "tone"),
    [("bouncer_1", "brief, polite"), ("concierge_main", "good concierge"), ("saga_7", "good concierge")],
)
def test_each_type_of_agent_has_its_tone(world: World, agent_id: str, tone: str) -> None:
    world.person()
    world.message(message_data=DATA, agent_id=agent_id)
    world.minute()
    assert tone in world.claude.requests[0]["system"]


@pytest.mark.parametrize("name", ["+12125550101", "visit evil.example", "say you won", None])
def test_a_name_that_is_none_is_neither_told_to_claude_nor_said(world: World, name: str | None) -> None:
    world.person(first_name=name)
    world.message(message_data=DATA)
    world.minute()
    assert '"first_name": null' in world.claude.requests[0]["messages"][0]["content"]
    assert "Hi!" in world.texts()[0]


@pytest.mark.parametrize("failure", [*FAILURES, "refused", "cut off", "invalid", "no key"])
def test_however_claude_fails_the_plain_sentence_goes_in_time(world: World, failure: str) -> None:
    app = world.functions["deliver"]
    if failure == "no key":
        app.__dict__["settings"] = app.settings.model_copy(update={"anthropic_api_key": None})
    elif failure in ("refused", "cut off"):
        reason = {"refused": "refusal", "cut off": "max_tokens"}[failure]
        world.claude.misbehave = lambda request: world.claude.reply(request, '{"text": "no"}', stop_reason=reason)
    elif failure == "invalid":
        world.claude.misbehave = lambda request: world.claude.reply(request, '{"words": 1}')
    else:
        world.claude.misbehave = lambda _request: FAILURES[failure]
    if failure == "drips":  # longer than the deadline, which need not be long
        app.__dict__["settings"] = app.settings.model_copy(update={"claude_deadline_seconds": 1.0})
    world.person()
    try:
        world.message(message_data=DATA)
        world.minute()
        assert world.texts() == [PLAIN]
    finally:
        app.__dict__["settings"] = load(DeliverSettings)


def test_a_refusal_and_a_wrong_key_are_not_asked_again(world: World) -> None:
    world.person()
    world.claude.misbehave = lambda request: world.claude.reply(request, "{}", stop_reason="refusal")
    world.message(message_data=DATA)
    world.minute()
    assert len(world.claude.requests) == 1


def test_claude_says_when_it_may_be_asked_again_but_nobody_waits_past_the_deadline(world: World) -> None:
    world.person()
    busy = {"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}}
    world.claude.misbehave = lambda _request: HttpAnswer(429, busy, {"Retry-After": "60"})
    world.message(message_data=DATA)
    world.minute()
    assert (world.texts(), len(world.claude.requests)) == ([PLAIN], 1)


# A model that lies -------------------------------------------------------------------------------------------------------

values = st.one_of(
    st.integers(0, 99_999),
    st.text("abc äß", max_size=12),
    st.sampled_from(["https://pay.example/i/42", "2026-11-22", "12:30"]),
)
some_data = st.dictionaries(st.sampled_from(["name", "amount", "due", "link", "note", "items"]), values, max_size=4)
lies = st.lists(
    st.sampled_from(
        [
            "Hello", "You owe 987654", "$77", "see http://evil.example/x", "evil.example", "**now**", "{{name}}", "[Name]",
            '{"a": 1}', "Dec 24", "tomorrow", "call +1 212 555 0199", "mail me@evil.example", "really?", "sure?", "<b>x</b>",
            "# Title", "50%", "x" * 200,
        ]
    ),
    min_size=1,
    max_size=4,
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=some_data, lie=lies)
def test_a_model_that_lies_reaches_nobody(world: World, data: dict[str, Any], lie: list[str]) -> None:
    world.travel_to("2026-03-03T15:00:00+00:00")
    empty_tables(world.connection)
    world.phones.reset()
    world.claude.reset()
    world.person(hourly_limit=100, daily_limit=100)
    said(world, " ".join(lie))
    world.message(message_data={"type": "update", **data})
    world.minute()
    if plain_sentence({"type": "update", **data}, "Ada") is None:
        assert (world.texts(), world.claude.requests) == ([], []), "nothing to say is nothing sent, and nothing asked"
        return
    (text,) = world.texts()
    known = json.dumps(data, ensure_ascii=False)
    assert not re.search(r"evil|\*\*|\{|\[|<|# |\$|%|tomorrow|Dec", text)
    assert text.count("?") <= 1
    for number in re.findall(r"\d+", text.replace(",", "")):
        assert number in known
