"""What `learn` writes, row by row: of whom, and only once."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection

from orchestrator.rules.answer_curves import AnswerCurves
from orchestrator.rules.answer_evidence import AnswerEvidence
from orchestrator.rules.answer_week import HOURS
from orchestrator.rules.learned_hours import LearnedHours, rates_to_bytes
from orchestrator.store import answer_hours as store
from orchestrator.store.answer_hours import AnswerTotals, ArmResult, PersonEvidence
from tests.integration.test_locks import open_transaction
from tests.integration.test_records_of_learning import Texts, texts
from tests.fated_rows import KEPT, Fate

__all__ = ["texts"]  # a fixture
SENT = datetime(2026, 3, 3, 15, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
HOURS_OF = "orchestrator.answer_hours"


def evidence_of(user_id: UUID, base: int) -> PersonEvidence:
    hours = [0.0] * HOURS
    hours[base] = float(base)
    totals = AnswerTotals(base, base + 1, base + 2, "2026-W10", base + 3, base + 4, base + 5)
    return PersonEvidence(user_id, AnswerEvidence(tuple(hours), tuple(hours), SENT), totals)


def written(base: int, **columns: Any) -> dict[str, Any]:
    names = ("all_texts", "all_answers", "all_stops", "week_texts", "week_answers", "week_stops")
    counts = dict(zip(names, range(base, base + 6), strict=True))
    lists = {"hours": [base], "texts": [base], "answers": [base]}
    return {**lists, **counts, "week": "2026-W10", "as_of": SENT, **columns}


def test_what_a_batch_adds_is_written_once_and_of_living_people_of_whom_we_learn(
    texts: Texts, connection: Connection
) -> None:
    rows = texts.rows
    people = {name: texts.person(name) for name in ("known", "off", "another", "new")}
    people["deleted"] = texts.person("deleted", phone_number="forgotten-1")
    for name, fate in (("known", written(7, learned_at=None)), ("off", KEPT), ("another", KEPT)):
        off = SENT if name == "off" else None
        rows.add(HOURS_OF, f"hours: {name}", fate, user_id=people[name], learned_at=SENT, off_since=off, sure=0.5)
    batch = [evidence_of(people[name], 7) for name in ("known", "off", "deleted", "new")]
    first, second, third = (UUID(int=n) for n in (1, 2, 3))
    known_arm, new_arm = (ArmResult("2026-W10", arm, *range(1, 12)) for arm in ("known", "new"))
    other_week = ArmResult("all", "known", *range(1, 12))

    def write(after: UUID, up_to: UUID, *results: ArmResult) -> bool:
        return store.write_answer_evidence(connection, after, up_to, {"up to": up_to.int}, batch, results, SENT)

    connection.execute(
        "INSERT INTO orchestrator.answer_progress (up_to, counts, changed_at) VALUES (%s, '{}', %s)",
        (first, SENT - DAY),
    )
    progress = "SELECT up_to, counts, changed_at FROM orchestrator.answer_progress"
    assert not write(second, third, new_arm)
    assert connection.execute(progress).fetchall() == [(first, {}, SENT - DAY)]
    assert store.read_answer_results(connection, "2026-W01") == []
    assert set(rows.unexpected()) == {"hours: known"}, "nothing is written yet"

    assert write(first, second, known_arm, other_week)
    assert rows.unexpected() == {}
    assert connection.execute(progress).fetchall() == [(second, {"up to": 2}, SENT)]
    ((new,),) = connection.execute(
        f"SELECT to_jsonb(h) FROM {HOURS_OF} h WHERE user_id = %s", (people["new"],)
    ).fetchall()
    assert {**new, "as_of": datetime.fromisoformat(new["as_of"])} == {
        **written(7), "user_id": str(people["new"]), "learned": None, "sure": None, "learned_at": None, "off_since": None,
    }  # fmt: skip
    assert connection.execute(f"SELECT count(*) FROM {HOURS_OF}").fetchone() == (4,)

    assert write(second, third, known_arm, new_arm)
    twice = ArmResult("2026-W10", "known", *range(2, 24, 2))
    found = store.read_answer_results(connection, "2026-W01")
    assert sorted(found, key=lambda result: (result.period, result.arm)) == [twice, new_arm, other_week]


def test_learning_begins_where_there_is_no_progress(connection: Connection) -> None:
    assert store.write_answer_evidence(connection, UUID(int=1), UUID(int=2), {}, [], [], SENT)
    assert store.read_progress(connection).up_to == UUID(int=2)


def test_nobody_but_the_people_of_a_batch_is_held_meanwhile(
    texts: Texts, connection: Connection, database_url: str
) -> None:
    people = [texts.person(name) for name in ("in the batch", "beside it")]
    free = "SELECT id FROM users FOR NO KEY UPDATE SKIP LOCKED"
    with open_transaction(database_url) as other:
        batch = [evidence_of(people[0], 7)]
        assert store.write_answer_evidence(other, UUID(int=1), UUID(int=2), {}, batch, [], SENT)
        assert connection.execute(free).fetchall() == [(people[1],)]


def test_hours_are_stopped_resumed_and_learned_of_one_person(texts: Texts, connection: Connection) -> None:
    rows = texts.rows
    known = {
        "hours": [1], "texts": [1], "answers": [1], "as_of": SENT, "learned": b"1", "sure": 0.5, "learned_at": SENT,
        "all_texts": 1, "week": "2026-W10",
    }  # fmt: skip
    forgotten: dict[str, Any] = {
        "hours": [],
        "texts": [],
        "answers": [],
        "as_of": None,
        "learned": None,
        "sure": None,
        "learned_at": None,
    }
    now = SENT + DAY

    def hours(name: str, fate: Fate, **columns: Any) -> UUID:
        user_id = texts.person(name)
        rows.add(HOURS_OF, f"hours: {name}", fate, user_id=user_id, **known | columns)
        return user_id

    hours("another", KEPT)
    hours("another, off", KEPT, off_since=SENT)
    store.stop_learning_of_person(connection, hours("to stop", {**forgotten, "off_since": now}), now)
    store.stop_learning_of_person(connection, hours("stopped before", forgotten, off_since=SENT), now)
    begun = {"off_since": None, "as_of": now, "learned_at": now}
    assert store.resume_learning_of_person(connection, hours("to resume", begun, off_since=SENT), now)
    assert not store.resume_learning_of_person(connection, hours("learned of", KEPT), now)
    new = texts.person("new")
    store.stop_learning_of_person(connection, new, now)
    assert connection.execute(f"SELECT off_since FROM {HOURS_OF} WHERE user_id = %s", (new,)).fetchall() == [(now,)]
    assert rows.unexpected() == {}


def test_learned_hours_are_written_unless_more_is_known_meanwhile(texts: Texts, connection: Connection) -> None:
    rates = (0.5,) * HOURS
    learned = LearnedHours(rates, rates, rates, 0.25, 1, 1, known=True, weekends=False)
    written = {"learned": "\\x" + learned.to_bytes().hex(), "sure": 0.25, "learned_at": SENT + DAY}
    people = {name: texts.person(name) for name in ("learned of", "known since", "off", "another")}
    for name, user_id in people.items():
        columns = {"as_of": SENT + SECOND} if name == "known since" else {"off_since": SENT} if name == "off" else {}
        fate = written if name == "learned of" else KEPT
        texts.rows.add(HOURS_OF, f"hours: {name}", fate, **{"user_id": user_id, "as_of": SENT, **columns})
    evidence = AnswerEvidence(rates, rates, SENT)
    batch = [(people[name], evidence, learned) for name in ("learned of", "known since", "off")]
    store.write_learned_hours(connection, batch, SENT + DAY)
    assert texts.rows.unexpected() == {}


def test_curves_are_replaced_by_those_of_a_later_fit(connection: Connection) -> None:
    def fit(number: int, at: datetime) -> None:
        rates = (number / 10,) * HOURS
        curves = AnswerCurves((), (), (), rates, rates, number, number + 1)
        hours = LearnedHours(rates, rates, rates, 0.5, 1, 1, known=False, weekends=False)
        store.store_answer_curves(connection, curves, hours, at)
        row = (str(number), hours.to_bytes(), rates_to_bytes(rates), number, number + 1, at)
        is_row = connection.execute(f"SELECT {columns} FROM orchestrator.answer_curves").fetchone() == row
        assert is_row == (at > last[0])
        last[0] = max(at, last[0])

    columns, last = "curves->>'texts', hours, stops, texts, people, fitted_at", [SENT]
    for number, at in enumerate((SENT + SECOND, SENT + 2 * SECOND, SENT + 2 * SECOND, SENT)):
        fit(number + 1, at)
