"""What texts brought, counted among rows that fail one of the conditions (R13): each situation has an agent of its own."""

from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from orchestrator.ids import first_id_at
from orchestrator.store import outcomes
from orchestrator.store.outcomes import count_outcomes
from tests.named_rows import BEN, DAY, HOUR, NOW, SECOND, NamedRows

FILTERED = 30007
_numbers = count(1)


@pytest.fixture
def rows(connection: Connection) -> NamedRows:
    return NamedRows.of_ada_and_ben(connection)


def text(rows: NamedRows, agent: str, ago: timedelta = HOUR, to: str = "ada", **columns: Any) -> None:
    """A text of an agent, with its message; columns of the message are those that attempts lack."""
    at = NOW - ago
    number = next(_numbers)
    kept = {"message_data": {"type": columns.pop("type", "news")}, "published_by": columns.pop("published_by", "shop")}
    message_id = UUID(int=number << 64)
    rows.write("message_queue", id=message_id, **rows.message(to, agent_id=agent, status="sent", **kept))
    attempt = {"id": UUID(int=first_id_at(at).int + number), "message_id": message_id, "started_at": at, **columns}
    rows.write("orchestrator.attempts", **rows.attempt(to, **attempt))


def stop(rows: NamedRows, number: str, ago: timedelta, of: str = "ada", **columns: Any) -> None:
    """A STOP to a number, which is ended, so that there may be many."""
    base = {"source": "keyword", "user_id": rows[of], "opted_out_at": NOW - ago, "stored_at": NOW, "ended_at": NOW}
    rows.write("orchestrator.opt_outs", phone_number=number, **{**base, **columns})


def counts(rows: NamedRows, least: int = 1) -> dict[str | None, tuple[str | None, int, int, int]]:
    """By agent: the type, texts, STOPs and filtered texts."""
    found = count_outcomes(rows.connection, [FILTERED, 30008], least, NOW)
    return {c.agent: (c.type, c.outcomes.texts, c.outcomes.stops, c.outcomes.filtered) for c in found}


def test_texts_count_that_went_lately(rows: NamedRows, monkeypatch: pytest.MonkeyPatch) -> None:
    text(rows, "accepted", undelivered_code=30003)
    text(rows, "unknown", outcome="unknown")
    text(rows, "refused", outcome="refused")
    text(rows, "open", outcome=None)
    text(rows, "first", ago=7 * DAY, id=first_id_at(NOW - 7 * DAY))
    text(rows, "before the first", ago=7 * DAY + SECOND)
    text(rows, "filtered", undelivered_code=FILTERED)
    text(rows, "filtered", undelivered_code=30008, part=1)
    text(rows, "filtered", part=2, undelivered_code=FILTERED)
    text(rows, "later part", part=2)
    ours: dict[str, Any] = {"published_by": None, "type": "help_answer"}
    text(rows, "system", **ours)
    text(rows, "system", **{**ours, "type": "opt_out_confirmation"})
    text(rows, "not the system", **ours)
    for settings in ("pre", "prefix"):
        rows.write("orchestrator.agents", prefix=settings)
    for agent in ("Prefix_1", "prefix_2", "pre_3"):
        text(rows, agent)
    text(rows, "newest", ago=SECOND)
    expected = {
        "accepted": ("news", 1, 0, 0),
        "unknown": ("news", 1, 0, 0),
        "first": ("news", 1, 0, 0),
        "filtered": ("news", 2, 0, 2),
        "later part": ("news", 0, 0, 0),
        "not the system": ("help_answer", 1, 0, 0),
        "prefix": ("news", 2, 0, 0),
        "pre": ("news", 1, 0, 0),
        "newest": ("news", 1, 0, 0),
    }
    assert counts(rows, least=0) == expected
    text(rows, "system", published_by="shop", type="help_answer")
    assert counts(rows, least=0)["system"] == ("help_answer", 1, 0, 0), "of another publisher"
    rows.connection.execute("DELETE FROM message_queue WHERE agent_id = 'system'")
    text(rows, "system", published_by=None, type="other")
    assert counts(rows, least=0)["system"] == ("other", 1, 0, 0), "no answer of ours"
    text(rows, "newest", ago=-SECOND)
    monkeypatch.setattr(outcomes, "MOST_COUNTED", 2)
    assert counts(rows) == {"newest": ("news", 2, 0, 0)}


def test_a_stop_counts_for_the_last_text_before_it(rows: NamedRows) -> None:
    numbers = iter([f"+121255501{place}" for place in range(10, 99)])
    charged: dict[str | None, tuple[str, int, int, int]] = {}
    free: dict[str | None, tuple[str, int, int, int]] = {}

    def case(
        name: str, stopped: timedelta, *, counts: bool, of_text: dict[str, Any] | None = None, **of_stop: Any
    ) -> None:
        """A text two days ago, and a STOP so much later."""
        number = next(numbers)
        text(rows, name, **{"ago": 2 * DAY, "phone_number": number, **(of_text or {})})
        stop(rows, of_stop.pop("phone_number", number), 2 * DAY - stopped, **of_stop)
        (charged if counts else free)[name] = ("news", 1, int(counts), 0)

    case("at once", timedelta(0), counts=True)
    case("before it", -SECOND, counts=False)
    case("just in time", DAY - SECOND, counts=True)
    case("too late", DAY, counts=False)
    case("of another person", HOUR, counts=False, of="ben")
    case("of another number", HOUR, counts=False, phone_number=BEN)
    case("in force", HOUR, counts=True, ended_at=None)
    case("of an operator", HOUR, counts=False, source="operator")
    case("in free words", HOUR, counts=True, source="free_words")
    case("repeated", DAY + HOUR, counts=True, stored_at=NOW - DAY - SECOND)
    case("of a former version", HOUR, counts=True, stored_at=None)
    case("long ago", HOUR, counts=False, of_text={"ago": 7 * DAY}, opted_out_at=NOW - 7 * DAY,
         stored_at=NOW)  # fmt: skip
    last = next(numbers)
    for agent, ago in (("older", 5 * HOUR), ("last", 3 * HOUR), ("older", 4 * HOUR), ("after it", HOUR)):
        text(rows, agent, ago=ago, phone_number=last)
    for minutes in (2, 1):
        stop(rows, last, 3 * HOUR - timedelta(minutes=minutes))
    tied = next(numbers)
    for agent in ("smaller id", "larger id"):
        text(rows, agent, ago=5 * HOUR, phone_number=tied)
    stop(rows, tied, HOUR)
    part = next(numbers)
    text(rows, "later part", ago=5 * HOUR, phone_number=part)
    text(rows, "later part", ago=4 * HOUR, phone_number=part, part=2)
    stop(rows, part, HOUR)
    of_order = {"older": ("news", 2, 0, 0), "last": ("news", 1, 1, 0), "after it": ("news", 1, 0, 0)}
    of_order |= {"smaller id": ("news", 1, 0, 0), "larger id": ("news", 1, 1, 0), "later part": ("news", 1, 1, 0)}
    assert counts(rows) == charged | free | of_order


def test_what_is_paused_or_went_before_the_end_of_a_pause_does_not_count(rows: NamedRows) -> None:
    rows.write("orchestrator.agents", prefix="group")
    for agent in ("never", "paused", "Paused_before", "ended after", "ended at it", "ended before", "by an operator"):
        text(rows, agent)
    text(rows, "Group_of_it")
    text(rows, "of a paused type", type="offer")
    text(rows, "of a type like an agent", type="never")
    for scope, value, ends_at in (
        ("agent_outcomes", "paused", None),
        ("agent_outcomes", "paused_before", None),
        ("agent_outcomes", "group", None),
        ("agent_outcomes", "ended after", NOW),
        ("agent_outcomes", "ended at it", NOW - HOUR),
        ("agent_outcomes", "ended before", NOW - HOUR - SECOND),
        ("agent", "by an operator", None),
        ("type_outcomes", "offer", None),
        ("type_outcomes", "never", None),
    ):
        rows.write("orchestrator.pauses", scope=scope, value=value, paused_at=NOW, ends_at=ends_at)
    assert counts(rows).keys() == {"never", "ended before", "by an operator"}
    rows.write("orchestrator.agents", prefix="paused")
    text(rows, "paused_2")
    text(rows, "PAUSED_before")
    assert counts(rows).keys() == {"never", "ended before", "by an operator"}


def test_agents_and_types_with_too_few_texts_come_together(rows: NamedRows) -> None:
    for agent, kind, texts in (
        ("a", "x", 2),
        ("a", "y", 1),
        ("b", "x", 1),
        ("c", "y", 1),
        ("c", "z", 1),
        ("d", "w", 3),
    ):
        for _ in range(texts):
            text(rows, agent, type=kind, undelivered_code=FILTERED if kind == "y" else None)
    found = count_outcomes(rows.connection, [FILTERED], 3, NOW)
    assert {(c.agent, c.type): (c.outcomes.texts, c.outcomes.filtered) for c in found} == {
        ("a", "x"): (2, 0),
        ("a", None): (1, 1),
        (None, "x"): (1, 0),
        (None, None): (2, 1),
        ("d", "w"): (3, 0),
    }
