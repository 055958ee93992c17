"""What `learn` reads, row by row: each text, answer and STOP that counts, beside those that nearly do."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from orchestrator.rules.answer_evidence import unpack_evidence
from orchestrator.store import answer_hours as store
from orchestrator.store.answer_hours import AnswerText, AnswerTotals
from tests.fated_rows import FatedRows
from tests.rows_by_name import id_of

SENT = datetime(2026, 3, 3, 15, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
HOURS_OF = "orchestrator.answer_hours"
NOTHING: Mapping[str, Any] = {}


class Texts:
    """Texts that count, each of a person of its own, with ids in the order in which they are made."""

    def __init__(self, connection: Connection) -> None:
        self.rows = FatedRows(connection)
        self.people: dict[UUID, str] = {}

    def person(self, situation: str, **columns: Any) -> UUID:
        phone = f"+1{212 + len(self.people)}5550101"
        user_id = self.rows.add("users", f"person: {situation}", **{"phone_number": phone, **columns})
        self.people[user_id] = situation
        return user_id

    def text(self, situation: str, message: Mapping[str, Any] = NOTHING, **columns: Any) -> UUID:
        """A text that counts but for what is named; returns the id of its message."""
        user_id = columns.get("user_id") or self.person(situation)
        queued = {"best_kind": "learned", "best_at": SENT, "accepted_at": SENT - DAY, **message}
        message_id = self.rows.add("message_queue", f"message: {situation}", user_id=user_id, **queued)
        attempt_id = UUID(int=100 + len(self.people))
        given = {
            "id": attempt_id,
            "message_id": message_id,
            "user_id": user_id,
            "started_at": SENT,
            "outcome": "accepted",
        }
        self.rows.add("orchestrator.attempts", situation, **{**given, **columns})
        return message_id

    def read(self) -> dict[str, AnswerText]:
        """What is read between the ids 100 and 1000, by the situation."""
        _, texts = store.read_answer_texts(self.rows.connection, UUID(int=100), UUID(int=1000), 1000)
        assert len({text.user_id for text in texts}) == len(texts)
        return {self.people[text.user_id]: text for text in texts}


@pytest.fixture
def texts(connection: Connection) -> Texts:
    return Texts(connection)


# Which texts are read ----------------------------------------------------------------------------------------------------


def test_the_texts_that_left_at_their_best_time_are_read(texts: Texts) -> None:
    counted = {
        "as it stands": texts.text("as it stands"),
        "a quarter of an hour late": texts.text("a quarter of an hour late", started_at=SENT + HOUR / 4),
        "the first part": texts.text("the first part", part=1),
    }
    texts.text("later than that", started_at=SENT + HOUR / 4 + SECOND)
    texts.text("too early", started_at=SENT - SECOND)
    texts.text("without a best time", {"best_at": None})
    texts.text("without a kind", {"best_kind": None})
    texts.text("refused", outcome="refused")
    texts.text("under way", outcome=None)
    texts.text("undelivered", undelivered_at=SENT)
    texts.text("to an active person", active_since=SENT)
    texts.text("the second part", part=2)
    texts.text("without its message", message_id=id_of("no message"))
    texts.text("of a deleted person", user_id=texts.person("of a deleted person", phone_number="forgotten-1"))
    texts.text("read before", id=UUID(int=100))
    texts.text("of the next night", id=UUID(int=1000))
    found = texts.read()
    assert list(found) == list(counted)

    all_of = {name: texts.text(name) for name in ("off", "while it was off", "since", "known before", "never known")}
    assert set(all_of) < set(texts.read())
    for name, columns in (
        ("off", {"off_since": SENT}),
        ("while it was off", {"as_of": SENT + SECOND}),
        ("since", {"as_of": SENT}),
        ("known before", {"as_of": SENT + SECOND, "hours": "{1}", "texts": "{1}", "answers": "{1}"}),
        ("never known", {}),
    ):
        texts.rows.add(HOURS_OF, f"hours: {name}", user_id=id_of(f"person: {name}"), **columns)
    assert [name for name in texts.read() if name in all_of] == ["since", "known before", "never known"]


def test_a_batch_ends_with_its_limit_or_with_the_last_id(texts: Texts, connection: Connection) -> None:
    assert store.read_answer_texts(connection, UUID(int=100), UUID(int=1000), 5) == (None, [])
    for number in (300, 200, 400):
        texts.text(f"{number}", id=UUID(int=number), outcome="accepted" if number == 200 else "refused")
    with connection.transaction():
        connection.execute("SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off")  # they have an order
        for limit, last, read in ((1, 200, 1), (2, 300, 1), (9, 400, 1)):
            last_id, found = store.read_answer_texts(connection, UUID(int=100), UUID(int=1000), limit)
            assert (last_id, len(found)) == (UUID(int=last), read)
    assert store.read_answer_texts(connection, UUID(int=200), UUID(int=400), 9) == (UUID(int=300), [])


def test_a_text_is_read_with_what_is_known_of_its_person(texts: Texts) -> None:
    asked = {"message_data": {"type": "tip"}, "expects_reply": True, "best_kind": "everybody"}
    texts.text("known", asked, zone="Asia/Tokyo", phone_number="+12125550101")
    texts.text("new", phone_number="+12125550102")
    texts.rows.add(
        HOURS_OF, "hours", user_id=id_of("person: known"), hours="{3}", texts="{2}", answers="{1}", as_of=SENT,
        all_texts=1, all_answers=2, all_stops=3, week="2026-W10", week_texts=4, week_answers=5, week_stops=6,
    )  # fmt: skip
    evidence = unpack_evidence([3], [2], [1], SENT)
    totals = AnswerTotals(1, 2, 3, "2026-W10", 4, 5, 6)
    assert list(texts.read().values()) == [
        AnswerText(
            id_of("person: known"), SENT, "Asia/Tokyo", "+12125550101", "everybody", "tip", True, None, False, evidence,
            totals,
        ),
        AnswerText(
            id_of("person: new"), SENT, None, "+12125550102", "learned", None, False, None, False, None, AnswerTotals()
        ),
    ]  # fmt: skip


# Answers and STOPs -------------------------------------------------------------------------------------------------------


def test_the_first_text_that_answers_within_a_day_is_the_answer(texts: Texts) -> None:
    expected: dict[str, datetime | None] = {}
    rows = texts.rows
    sequence = {"sequence_id": id_of("sequence"), "sequence_total": 2}
    other = texts.person("another person")

    def answer(situation: str, is_one: bool, after: timedelta = HOUR, *, to: str = "", **columns: Any) -> None:
        """A text of the person; it answers their own message unless `to` names another one."""
        if situation not in expected:
            place = {"sequence_position": 1, **sequence} if situation == "to another part" else {}
            texts.text(situation, place)
            expected[situation] = None
        if is_one:
            expected[situation] = SENT + after
        number = f"{situation}, {after}"
        user_id = columns.pop("user_id", id_of(f"person: {situation}"))
        direction = columns.pop("direction", "inbound")
        talk = rows.add("conversations", f"talk: {number}", user_id=user_id)
        inbound = rows.add(
            "messages", f"answer: {number}", user_id=user_id, conversation_id=talk, direction=direction,
            created_at=SENT + after,
        )  # fmt: skip
        replied = {"inbound_id": inbound, "user_id": user_id, "in_reply_to": id_of(f"message: {to or situation}")}
        rows.add("orchestrator.readings", f"reading: {number}", **{**replied, **columns})

    answer("the second of three", False, 3 * HOUR)
    answer("the second of three", True, 2 * HOUR)
    answer("the second of three", False, 4 * HOUR)
    earlier = {"user_id": id_of("person: the second of three"), "created_at": SENT + HOUR}
    talk = id_of("talk: the second of three, 2:00:00")
    rows.add("messages", "a text that nothing has read", direction="inbound", conversation_id=talk, **earlier)
    answer("as it left", False, timedelta(0))
    answer("a second later", True, SECOND)
    answer("a day later", True, DAY)
    answer("after a day", False, DAY + SECOND)
    answer("of another person", False, user_id=other)
    answer("of an agent", False, direction="outbound")
    answer("a STOP", False, kind="stop")
    answer("to another message", False, to="as it left")
    answer("to another part", True, to="second part")
    rows.add("message_queue", "message: second part", user_id=other, accepted_at=SENT, sequence_position=2, **sequence)
    assert {name: text.answered_at for name, text in texts.read().items()} == expected


def test_a_stop_within_a_day_is_charged_to_the_last_text_before_it(texts: Texts) -> None:
    expected: dict[str, bool] = {}

    def stop(situation: str, is_one: bool, after: timedelta = HOUR, **columns: Any) -> None:
        sequence = {"sequence_id": id_of(situation), "sequence_position": 1, "sequence_total": 2}
        texts.text(situation, sequence)
        expected[situation] = is_one
        given = {"user_id": id_of(f"person: {situation}"), "opted_out_at": SENT + after, **columns}
        texts.rows.add("orchestrator.opt_outs", f"opt-out: {situation}", phone_number=situation, **given)

    def later_text(situation: str, name: str, after: timedelta, **message: Any) -> None:
        user_id = id_of(f"person: {situation}")
        message_id = texts.rows.add(
            "message_queue", f"{name}: {situation}", user_id=user_id, accepted_at=SENT, **message
        )
        sent = {"message_id": message_id, "user_id": user_id, "started_at": SENT + after, "outcome": "accepted"}
        texts.rows.add(
            "orchestrator.attempts", f"{name} attempt: {situation}", **{"id": UUID(int=after.seconds), **sent}
        )

    texts.text("an earlier text", {"best_at": SENT - HOUR}, started_at=SENT - HOUR)
    expected["an earlier text"] = True
    earlier = {"user_id": id_of("person: an earlier text"), "opted_out_at": SENT - HOUR / 2, "phone_number": "x"}
    texts.rows.add("orchestrator.opt_outs", "an earlier opt-out", **earlier)
    stop("as it left", False, timedelta(0))
    stop("a second later", True, SECOND)
    stop("a day later", True, DAY)
    stop("after a day", False, DAY + SECOND)
    stop("by an operator", False, source="operator")
    stop("repeated after a day", True, DAY + SECOND, stored_at=SENT + HOUR)
    stop("stored after a day", True, stored_at=SENT + DAY + SECOND)
    stop("of another person", False, user_id=texts.person("another person"))
    stop("after a later text", False)
    later_text("after a later text", "later", HOUR / 2)
    stop("before a later text", True)
    later_text("before a later text", "later", 2 * HOUR)
    stop("after the second part", True)
    part = {"sequence_id": id_of("after the second part"), "sequence_position": 2, "sequence_total": 2}
    later_text("after the second part", "part", HOUR / 3, **part)
    assert {name: text.stopped for name, text in texts.read().items()} == expected
