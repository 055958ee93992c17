"""An adoption, row by row: what is taken over, and what is left for which cause."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from orchestrator.messages import Lane
from orchestrator.store.adoption import adopt
from orchestrator.store.database import columns
from tests.fated_rows import KEPT, Fate, FatedRows
from tests.integration.test_locks import open_transaction, run_after
from tests.rows_by_name import id_of
from tests.world import World

# Midnight in New York: what speaks of the day that ends now is over.
NOW = datetime(2026, 3, 4, 5, tzinfo=UTC)
SECOND, DAY, WEEK = timedelta(seconds=1), timedelta(days=1), timedelta(days=7)
DUE = NOW - timedelta(hours=2)
WRITTEN = NOW - timedelta(hours=6)
ADA, BEN = UUID(int=1), UUID(int=2)
QUEUE = "message_queue"
ENDED = ("sent", "delivered", "superseded", "cancelled", "canceled", "failed", "expired")


def taken_over(due: datetime = DUE, **changed: Any) -> dict[str, Any]:
    """What an adoption writes into a row."""
    return {
        "accepted_at": WRITTEN,
        "can_delay": True,
        "not_before": due,
        "expires_at": max(due, NOW) + WEEK,
        "published_at": WRITTEN,
        **changed,
    }


@pytest.fixture
def rows(connection: Connection) -> FatedRows:
    for user_id, phone in ((ADA, "+12125550101"), (BEN, "+12125550102")):
        connection.execute(
            "INSERT INTO users (id, phone_number, timezone) VALUES (%s, %s, 'America/New_York')", (user_id, phone)
        )
    return FatedRows(connection)


class Waiting:
    """Rows that wait, by what becomes of them."""

    def __init__(self, rows: FatedRows) -> None:
        self.rows = rows
        self.by_kind: dict[str, set[UUID]] = {}

    def row(self, kind: str | None, situation: str, fate: Fate = KEPT, /, **columns: Any) -> UUID:
        """A row that is reported as one of this kind; of no kind where it does not wait."""
        row = {
            "user_id": ADA, "created_at": WRITTEN, "scheduled_for": DUE, "priority": "high",
            "message_data": {"message": situation}, **columns,
        }  # fmt: skip
        row_id = self.rows.add(QUEUE, situation, fate, **row)
        if kind:
            self.by_kind.setdefault(kind, set()).add(row_id)
        return row_id

    def check(self) -> None:
        """Adopt, and compare what is reported and what has become of each row."""
        found = adopt(self.rows.connection, DAY, WEEK, NOW, apply=True)
        groups = {**found.adopted, **found.left}
        assert self.rows.unexpected() == {}
        assert {kind: group.messages for kind, group in groups.items()} == {
            kind: len(ids) for kind, ids in self.by_kind.items()
        }
        assert {kind for kind, group in groups.items() if not set(group.message_ids) <= self.by_kind[kind]} == set()


def test_each_row_is_taken_over_or_left_for_its_cause(connection: Connection, rows: FatedRows) -> None:
    waiting = Waiting(rows)
    row = waiting.row
    connection.execute(
        "INSERT INTO orchestrator.agents (prefix, may_use_urgent, publishers)"
        " VALUES ('calm_free', true, NULL), ('calm', false, NULL), ('bound', true, '{AROA1}')"
    )
    connection.execute("INSERT INTO orchestrator.known_agents VALUES ('calm')")
    talk = rows.add("conversations", "talk", user_id=ADA)
    sent = rows.add("messages", "text", user_id=ADA, conversation_id=talk)

    row("due", "as it stands", taken_over())
    row(
        "due",
        "spelled otherwise",
        taken_over(agent_id="calm_1", priority="high"),
        agent_id=" Calm_1 ",
        priority=" High ",
    )
    row("due", "without a priority", taken_over(priority="medium"), priority=None)
    row("due", "urgent", taken_over(), priority="urgent")
    row("due", "of an agent that may not use urgent, high", taken_over(), agent_id="calm")
    row("due", "of an agent with a setting of its own", taken_over(), agent_id="calm_free_1", priority="urgent")
    row("due", "with words of blanks", taken_over(), final_message="  ")
    row("due", "with words", taken_over(words_source="adopted"), final_message="Words")
    row("due", "without a time", taken_over(accepted_at=NOW, published_at=NOW), created_at=None)
    row("due", "written in the future", taken_over(accepted_at=NOW, published_at=NOW), created_at=NOW + SECOND)
    row("due", "as old as may be", taken_over(NOW - DAY), scheduled_for=NOW - DAY)
    row("due", "due now", taken_over(NOW), scheduled_for=NOW)
    row("planned", "due in a second", taken_over(NOW + SECOND), scheduled_for=NOW + SECOND)
    row("planned", "speaks of tomorrow", taken_over(NOW + SECOND, expires_at=NOW + DAY),
        scheduled_for=NOW + SECOND, message_data={"message": "See you today"})  # fmt: skip

    for status in ("approved", "processing", "sending"):
        row("may have been sent", f"{status}", status=status)
    row("may have been sent", "with the time at which it was sent", sent_at=DUE)
    row("may have been sent", "with its text", delivered_message_id=sent)
    row("may have been sent", "ours, taken by another sender", status="processing", accepted_at=WRITTEN)
    for status in ("queued", "approved", "sending"):
        row(None, f"ours, {status}", status=status, accepted_at=WRITTEN)
    row("unknown state null", "ours, without a status", status=None, accepted_at=WRITTEN)
    for status in ENDED:
        row(None, f"ended: {status}", status=status)
    row("unknown state null", "without a status", status=None)
    row("unknown state " + "x" * 30, "a status of its own", status="x" * 31)
    row("too old", "a second too old", scheduled_for=NOW - DAY - SECOND)
    row("unknown priority", "a priority of its own", priority="someday")
    row("data that is no object", "data", message_data=[])
    row("impossible time", "due after all time", scheduled_for=datetime(9001, 1, 1, tzinfo=UTC))
    row("impossible time", "written before all time", created_at=datetime(1899, 1, 1, tzinfo=UTC))
    row("impossible time", "written after all time", created_at=datetime(9001, 1, 1, tzinfo=UTC))
    row("speaks of a day that is over", "spoke of today", message_data={"message": "See you today"})
    row("agent id that is no id", "no letter", agent_id="\u00e9")
    row("agent id that is no id", "blank", agent_id=" ")
    row("agent that is bound to publishers", "bound", agent_id="bound_1")
    row("agent that may not use urgent", "of an agent that may not use urgent", agent_id="calm", priority=" Urgent")
    waiting.check()
    assert connection.execute("SELECT agent_id FROM orchestrator.known_agents ORDER BY 1").fetchall() == [
        ("calm",),
        ("calm_1",),
        ("calm_free_1",),
        ("concierge",),
    ]


def test_the_examples_of_a_group_are_those_that_were_due_first(connection: Connection, rows: FatedRows) -> None:
    waiting = Waiting(rows)
    for number in (16, 14, 15, 13, 12):
        waiting.row("due", f"later {number}", id=UUID(int=number))
    waiting.row("due", "first", scheduled_for=DUE - SECOND, id=UUID(int=99))
    due = adopt(connection, DAY, WEEK, NOW, apply=True).adopted["due"]
    assert (due.messages, [found.int for found in due.message_ids]) == (6, [99, 12, 13, 14, 15])


def test_words_that_went_since_are_those_of_this_person(connection: Connection, rows: FatedRows) -> None:
    waiting = Waiting(rows)

    def went(words: str, user_id: UUID = ADA, **columns: Any) -> None:
        talk = id_of("talk") if user_id == ADA else id_of("talk of ben")
        given = {"status": "sent", "sent_at": DUE, "created_at": DUE, **columns}
        rows.add("messages", f"text: {words}", conversation_id=talk, user_id=user_id, content=f" {words} ", **given)

    for name, user_id in (("talk", ADA), ("talk of ben", BEN)):
        rows.add("conversations", name, user_id=user_id)
    for words, is_same, given in (
        ("at the time for which it was planned", True, {}),
        ("a second before", False, {"sent_at": DUE - SECOND}),
        ("written before and sent since", True, {"created_at": DUE - SECOND}),
        ("sent before and stored since", False, {"sent_at": DUE - SECOND, "created_at": DUE + SECOND}),
        ("without the time of its sending", True, {"sent_at": None}),
        ("in an unknown state", True, {"status": None}),
        ("failed", False, {"status": "failed"}),
        ("what the person wrote", False, {"direction": "inbound"}),
        ("to another person", False, {"user_id": BEN}),
    ):  # fmt: skip
        went(words, **given)
        waiting.row("same words went since" if is_same else "due", words, KEPT if is_same else taken_over())
    for key in ("message", "text", "content"):
        went(f"in {key}")
        waiting.row("same words went since", f"the data's {key}", message_data={key: f"in {key} "}, final_message=" ")
    went("rendered")
    waiting.row("same words went since", "rendered words", final_message=" rendered")
    waiting.row("due", "other words were rendered", taken_over(words_source="adopted"),
        message_data={"message": "rendered"}, final_message="other")  # fmt: skip
    waiting.row(
        "due",
        "another text",
        taken_over(),
        message_data={"message": "other", "text": "rendered", "content": "rendered"},
    )
    waiting.row("due", "another content", taken_over(), message_data={"text": "other", "content": "rendered"})
    waiting.check()


def test_each_sequence_is_judged_by_its_own_parts(connection: Connection, rows: FatedRows) -> None:
    waiting = Waiting(rows)
    last = DUE + timedelta(minutes=1)
    incomplete, irregular = "part of an incomplete sequence", "part of an irregular sequence"

    def sequence(kind: str, name: str, *parts: dict[str, Any], kinds: tuple[str, ...] = ()) -> None:
        for place, part in enumerate(parts, start=1):
            moved = {"scheduled_for": last} if place < len(parts) else {}
            fate = taken_over(last, **moved) if kind == "due" else KEPT
            given = {
                "sequence_id": id_of(name), "sequence_position": place, "sequence_total": len(parts),
                "scheduled_for": last if place == len(parts) else DUE, **part,
            }  # fmt: skip
            waiting.row(kinds[place - 1] if kinds else kind, f"{name}, part {place}", fate, **given)

    sequence("due", "regular", {}, {})
    sequence("due", "as long as may be", *({} for _ in range(10)))
    sequence(irregular, "too long", *({} for _ in range(11)))
    sequence(incomplete, "a part is missing", {"sequence_total": 3}, {"sequence_total": 3})
    sequence(incomplete, "a part twice and one missing", {}, {"sequence_position": 1})
    sequence(
        incomplete,
        "a part twice",
        {"sequence_total": 2},
        {"sequence_total": 2},
        {"sequence_total": 2, "sequence_position": 2},
    )
    sequence(irregular, "two totals", {"sequence_total": 1}, {})
    sequence(irregular, "from place 0", {"sequence_position": 0}, {"sequence_position": 1})
    sequence(irregular, "from place 2", {"sequence_position": 2}, {"sequence_position": 3})
    sequence(irregular, "from place 0, with a gap", {"sequence_position": 0}, {})
    sequence(irregular, "beyond the total", {}, {"sequence_position": 3})
    sequence(irregular, "of two people", {}, {"user_id": BEN})
    sequence(irregular, "of two lanes", {}, {"priority": "low"})
    sequence(incomplete, "a part is too old", {}, {"scheduled_for": NOW - 2 * DAY}, kinds=(incomplete, "too old"))
    sequence(irregular, "a part is ours", {}, {})
    place = {"sequence_id": id_of("a part is ours"), "sequence_position": 3, "sequence_total": 2}
    waiting.row(None, "the part that is ours", accepted_at=WRITTEN, **place)
    waiting.check()


@pytest.mark.parametrize(
    "change", ["status = 'processing'", "accepted_at = now()"], ids=["by the former sender", "by another adoption"]
)
def test_a_row_that_is_taken_meanwhile_is_left(world: World, database_url: str, rows: FatedRows, change: str) -> None:
    taken = Waiting(rows).row(None, "taken", KEPT)
    with open_transaction(database_url) as other:
        other.execute(f"UPDATE message_queue SET {change}".encode())
        given = {
            "now": NOW, "oldest": NOW - DAY, "lifetime": WEEK, "lanes": [*Lane], "most_parts": 10, "quoted": 5,
            **columns([], "message_id", "ends_at"),
        }  # fmt: skip
        assert run_after(world, database_url, other, "adopt_messages", given) == [
            ("taken meanwhile", False, 1, [taken])
        ]
