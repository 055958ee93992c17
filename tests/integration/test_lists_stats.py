"""Statistics and costs, counted among rows of other times, kinds and outcomes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from orchestrator.ids import first_id_at
from orchestrator.store import stats
from orchestrator.store.costs import ClaudeCosts, Savings, TextCosts, read_costs, read_savings, read_text_costs
from orchestrator.store.stats import HourOfTexts, count_waiting_by_age, read_hourly_texts, read_stats
from tests.named_rows import DAY, HOUR, MINUTE, NOW, SECOND, NamedRows

_numbers = count(1)


@pytest.fixture
def rows(connection: Connection) -> NamedRows:
    rows = NamedRows(connection)
    rows.person("ada", "+12125550101")
    return rows


def attempt(rows: NamedRows, agent: str | None, waited: float = 0, text: str = "", **columns: Any) -> UUID:
    """An attempt, with its message unless no agent is given; the row of the text has a status where one is given."""
    started_at = columns.get("started_at", NOW)
    attempt_id = UUID(int=first_id_at(started_at).int + next(_numbers))
    message_id = UUID(int=attempt_id.int | 1 << 127)
    if agent:
        accepted = {"accepted_at": started_at - timedelta(seconds=waited), "status": "sent"}
        message = rows.message("ada", agent_id=agent, priority=columns.pop("priority", "high"), **accepted)
        rows.write("message_queue", id=message_id, **message)
    rows.write(
        "orchestrator.attempts", **rows.attempt("ada", **{"id": attempt_id, "message_id": message_id, **columns})
    )
    if text:
        outbound = rows.text("ada", direction="outbound", role="agent", status=text, delivered_at=NOW)
        rows.write("messages", **{"id": attempt_id, **outbound})
    return message_id


NO_STATS: Mapping[str, Any] = {
    **dict.fromkeys(("sent", "delivered", "undelivered", "unknown_outcomes", "texts_received", "opt_outs"), 0),
    "undelivered_by_code": {},
    "refused_by_code": {},
    "held_by_reason": {},
    "ended_by_reason": {},
    "rejected_by_reason": {},
    "sent_by_agent": {},
    "wait_half_seconds": None,
    "wait_most_seconds": None,
}


def test_what_became_of_messages_since_a_time(rows: NamedRows) -> None:
    before = NOW - SECOND
    undelivered: dict[str, Any] = {"undelivered_at": NOW}
    rows.write("orchestrator.timeline", message_id=rows["old"], at=before, status="queued", reason="old")
    rows.write("messages", **rows.text("ada", created_at=before))
    rows.write("orchestrator.opt_outs", phone_number="+12125550100", source="keyword", opted_out_at=before)
    old = {"message_id": rows["old"], "reason": "old", "field": "f", "problem": "p", "rejected_at": before}
    rows.write("orchestrator.rejections", sqs_message_id="old", **old)
    attempt(rows, "old", text="delivered", started_at=before, **undelivered)
    attempt(rows, "old", started_at=before, outcome="refused")
    assert read_stats(rows.connection, NOW) == NO_STATS

    rows.write("orchestrator.attempts", **rows.attempt("ada", id=first_id_at(NOW), message_id=rows["deleted"]))
    for waited, text in ((10, "delivered"), (20, "delivered"), (30, "sent")):
        attempt(rows, "saga", waited, text=text)
    older_form = attempt(rows, "older", 40)
    rows.write("messages", id=older_form, **rows.text("ada", direction="outbound", status="delivered", role="agent"))
    inbound = attempt(rows, "older", 50, outcome="unknown")
    rows.write("messages", id=inbound, **rows.text("ada", role="agent", status="delivered"))
    for code in (30003, 30003, None):
        attempt(rows, "undelivered", 60, outcome="unknown", undelivered_code=code, **undelivered)
    for code in (21211, 21211, None):
        attempt(rows, "refused", 70, outcome="refused", error_code=code)
    attempt(rows, "open", 80, outcome=None)
    for at, status, reason in (
        (NOW, "queued", "quiet_hours"),
        (NOW + SECOND, "queued", "quiet_hours"),
        (NOW, "queued", "daily_limit"),
        (NOW, "failed", "bad_number"),
        (NOW, "cancelled", "opted_out"),
        (NOW, "cancelled", "opted_out"),
    ):
        rows.write("orchestrator.timeline", message_id=rows["m"], at=at, status=status, reason=reason)
    for place, reason in enumerate(("invalid", "invalid", "duplicate")):
        rows.write(
            "orchestrator.rejections", sqs_message_id=f"{place}", **{**old, "reason": reason, "rejected_at": NOW}
        )
    for direction, role in (*3 * [("inbound", "user")], ("inbound", "system"), ("outbound", "user")):
        rows.write("messages", **rows.text("ada", direction=direction, role=role))
    for ended_at in (None, NOW):
        stop = {"source": "keyword", "opted_out_at": NOW, "ended_at": ended_at}
        rows.write("orchestrator.opt_outs", phone_number="+12125550101", **stop)
    assert read_stats(rows.connection, NOW) == {
        "sent": 5,
        "delivered": 3,
        "undelivered": 3,
        "undelivered_by_code": {"30003": 2, "unknown": 1},
        "refused_by_code": {"21211": 2, "unknown": 1},
        "unknown_outcomes": 4,
        "wait_half_seconds": 25,
        "wait_most_seconds": pytest.approx(38.5),
        "held_by_reason": {"quiet_hours": 2, "daily_limit": 1},
        "ended_by_reason": {"failed (bad_number)": 1, "cancelled (opted_out)": 2},
        "rejected_by_reason": {"invalid": 2, "duplicate": 1},
        "texts_received": 3,
        "opt_outs": 2,
        "sent_by_agent": {"saga": 3, "older": 1, "unknown": 1},
    }


def test_the_ten_agents_with_most_texts_are_named(rows: NamedRows) -> None:
    for agent in [*"lkjihgfedcba", *"jklab"]:
        attempt(rows, agent)
    by_agent = read_stats(rows.connection, NOW)["sent_by_agent"]
    assert by_agent == dict.fromkeys("abjkl", 2) | dict.fromkeys("cdefg", 1)


def test_texts_are_counted_by_hour_and_lane(rows: NamedRows) -> None:
    attempt(rows, "too old", text="delivered", started_at=NOW - SECOND)
    rows.write("orchestrator.attempts", **rows.attempt("ada", id=first_id_at(NOW), message_id=rows["deleted"]))
    later: dict[str, Any] = {"started_at": NOW + 90 * MINUTE, "text": "delivered"}
    attempt(rows, "saga", priority="urgent", **later)
    attempt(rows, "saga", priority="low", **later)
    attempt(rows, "saga", priority="low", started_at=NOW + HOUR)
    attempt(rows, "saga", text="delivered", started_at=NOW + HOUR - SECOND)
    attempt(rows, "saga", text="delivered", outcome="unknown")
    with rows.without_luck():
        found = read_hourly_texts(rows.connection, NOW)
    assert found == [
        HourOfTexts(NOW, "high", 1, 1),
        HourOfTexts(NOW, "unknown", 1, 0),
        HourOfTexts(NOW + HOUR, "low", 2, 1),
        HourOfTexts(NOW + HOUR, "urgent", 1, 1),
    ]


def test_waiting_messages_are_counted_by_age(rows: NamedRows, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the first lanes, that are due first and are oldest; the rows are stored the other way round."""
    for priority, due, created, age in (
        ("urgent", NOW - HOUR, NOW - HOUR, 3 * HOUR),
        ("high", NOW + SECOND, NOW - HOUR, 2 * HOUR),
        ("high", NOW, NOW, HOUR),
        ("high", NOW, NOW - SECOND, HOUR - SECOND),
    ):
        message = {"priority": priority, "scheduled_for": due, "created_at": created, "accepted_at": NOW - age}
        rows.write("message_queue", **rows.message("ada", **message))
    rows.write("message_queue", **rows.message("ada", accepted_at=None))
    rows.write("message_queue", **rows.message("ada", status="approved"))
    borders = [HOUR, 2 * HOUR, 3 * HOUR]
    expected = [1, 1, 1, 1]
    assert count_waiting_by_age(rows.connection, NOW, borders) == expected
    for most in (3, 2, 1):
        monkeypatch.setattr(stats, "MOST_COUNTED", most)
        expected[most] = 0
        with rows.without_luck():
            assert count_waiting_by_age(rows.connection, NOW, borders) == expected


# Costs --------------------------------------------------------------------------------------------------------------------


def call(rows: NamedRows, action: str, usd: str | None, at: Any = NOW, agent: str = "saga", **columns: Any) -> None:
    """A call to Claude, as it is logged; `messages` and `cached_tokens` stand in its output."""
    output = {"agent_id": agent, "outcome": "judged"}
    output |= {name: columns.pop(name) for name in ("messages", "cached_tokens") if name in columns}
    logged = {"agent_type": "message_orchestrator", "action_type": action, "output_data": output, "cost_usd": usd}
    rows.write("agent_actions_log", **{**logged, "created_at": at, "model_used": "opus", **columns})


def test_what_claude_cost_by_day_action_agent_and_model(rows: NamedRows) -> None:
    tokens: dict[str, Any] = {"input_tokens": 100, "cached_tokens": 10, "output_tokens": 20}
    call(rows, "render_message", "0.01", NOW - SECOND)
    call(rows, "render_message", "0.01", NOW, **tokens)
    call(rows, "render_message", "0.02", NOW + HOUR, **tokens)
    call(rows, "render_message", None, NOW, error="overloaded")
    call(rows, "render_message", None, NOW, agent="failed", error="overloaded")
    call(rows, "render_message", "0.02", NOW, agent="Saga", model_used="haiku")
    call(rows, "render_message", "0.01", NOW, agent="Saga", model_used="haiku")
    call(rows, "render_message", "0.03", NOW, agent="Saga")
    call(rows, "render_message", "0.03", NOW, agent="Axel")
    call(rows, "check_relevance", "0.03", NOW, agent="Zoe")
    call(rows, "check_relevance", "0.01", NOW + DAY)
    call(rows, "render_message", "0.01", NOW, agent_type="other")

    def line(usd: str, agent: str, action: str = "render_message", model: str = "opus", day: int = 0) -> ClaudeCosts:
        return ClaudeCosts(NOW.date() + day * DAY, action, agent, model, 1, 0, 0, 0, 0, Decimal(usd))

    today = NOW.date()
    assert read_costs(rows.connection, NOW) == [
        line("0.01", "saga", "check_relevance", day=1),
        line("0.03", "Zoe", "check_relevance"),
        line("0.03", "Axel"),
        replace(line("0.03", "Saga", model="haiku"), calls=2),
        line("0.03", "Saga"),
        ClaudeCosts(today, "render_message", "saga", "opus", 3, 1, 200, 20, 40, Decimal("0.03")),
        ClaudeCosts(today, "render_message", "failed", "opus", 1, 1, 0, 0, 0, Decimal(0)),
    ]


def test_what_each_avoided_call_would_have_cost(rows: NamedRows) -> None:
    def saved() -> list[tuple[str, int, Decimal]]:
        found = read_savings(rows.connection, NOW)
        return [(saving.what, saving.calls, round(saving.each_usd, 6)) for saving in found]

    names = ("batching", "remembered verdicts", "verbatim texts")
    assert read_savings(rows.connection, NOW) == [Savings(what, 0, Decimal(0)) for what in names]
    call(rows, "check_relevance", "0.04", messages=1)
    assert saved()[1] == ("remembered verdicts", 0, Decimal("0.04"))
    rows.connection.execute("DELETE FROM agent_actions_log")
    call(rows, "check_relevance", "0.12", messages=2)
    call(rows, "check_relevance", "9", NOW - SECOND, messages=9)
    call(rows, "check_relevance", "9", messages=9, error="overloaded")
    assert saved()[0] == ("batching", 1, Decimal(0)), "no message was judged alone"
    call(rows, "check_relevance", "0.10", messages=1)
    call(rows, "check_relevance", "0.04", messages=1)
    call(rows, "check_relevance", "0.04", messages=6)
    call(rows, "render_message", "0.01", messages=1)
    call(rows, "render_message", "0.03", messages=1)
    call(rows, "reformulate", "0.5", messages=3)
    for place, (judged_at, reused) in enumerate(((NOW, 2), (NOW + SECOND, 3), (NOW - SECOND, 7))):
        verdict = {"inbound_id": rows["text"], "verdict": "keep", "why": "", "judged_at": judged_at, "reused": reused}
        rows.write("orchestrator.relevance", message_id=UUID(int=place), **verdict)
    for source, sent_at in (
        ("verbatim", NOW),
        ("verbatim", NOW + SECOND),
        ("verbatim", NOW - SECOND),
        ("verbatim", None),
        ("claude", NOW),
    ):
        rows.write("message_queue", **rows.message("ada", words_source=source, sent_at=sent_at))
    assert saved() == [
        ("batching", 6, Decimal("0.04")),  # 0.07 alone, and 0.30 for ten together
        ("remembered verdicts", 5, Decimal("0.03")),
        ("verbatim texts", 2, Decimal("0.02")),
    ]


def test_what_texts_cost_by_day(rows: NamedRows) -> None:
    for days, texts, usd in ((-1, 1, 9), (0, 2, 1), (1, 0, 9), (2, 1, 2)):
        spent = {"day": NOW.date() + days * DAY, "texts": texts, "segments": 2 * texts, "twilio_usd": usd}
        rows.write("orchestrator.spending_shards", shard=1, **spent)
    rows.write("orchestrator.spending_shards", day=NOW.date(), shard=2, texts=1, segments=1, twilio_usd=3)
    assert read_text_costs(rows.connection, NOW) == [
        TextCosts(NOW.date() + 2 * DAY, 1, 2, Decimal(2)),
        TextCosts(NOW.date(), 3, 5, Decimal(4)),
    ]
