"""Statements of the hours at which people answer (R7): what `learn` reads and writes, and what operators see of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Json

from orchestrator.rules.answer_curves import MOST_PEOPLE, AnswerCurves
from orchestrator.rules.answer_evidence import AnswerEvidence, pack_evidence, unpack_evidence
from orchestrator.rules.learned_hours import LearnedHours, rates_to_bytes
from orchestrator.store.database import columns, one_round_trip, only_row, sql
from orchestrator.store.outcomes import STOP_SOURCES

# A text counts that left so shortly after its chosen time; a tick claims a minute's messages, and a wave takes seconds.
LEAVES_WITHIN = timedelta(minutes=15)
# An answer counts for so long after its text. A STOP, too.
ANSWERS_WITHIN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class LearningProgress:
    """How far `learn` has read: the last attempt, what it has counted, and the curves of the last fit."""

    up_to: UUID | None
    counts: dict[str, Any]
    curves: AnswerCurves | None
    fitted_at: datetime | None


@dataclass(frozen=True, slots=True)
class AnswerTotals:
    """What came of one person's texts that count in the comparison with the holdouts: ever, and in one week."""

    all_texts: int = 0
    all_answers: int = 0
    all_stops: int = 0
    week: str | None = None
    week_texts: int = 0
    week_answers: int = 0
    week_stops: int = 0


@dataclass(frozen=True, slots=True)
class AnswerText:
    """A text that counts: what came of it, and what is known of its person."""

    user_id: UUID
    sent_at: datetime
    zone: str | None
    phone_number: str
    kind: str
    type: str | None
    asks: bool
    answered_at: datetime | None
    stopped: bool
    evidence: AnswerEvidence | None
    totals: AnswerTotals


@dataclass(frozen=True, slots=True)
class PersonEvidence:
    """What is known of a person after a batch."""

    user_id: UUID
    evidence: AnswerEvidence
    totals: AnswerTotals


@dataclass(frozen=True, slots=True)
class ArmResult:
    """What came of the texts of one arm in a period: a week such as 2026-W48, or `all`.

    Attributes:
        texts_squared, answers_squared, stops_squared, texts_answers, texts_stops: sums over people of the squares and
            products of a person's numbers, from which an interval clustered by person is computed.
    """

    period: str
    arm: str
    people: int = 0
    texts: int = 0
    answers: int = 0
    answers_in_1h: int = 0
    answers_in_4h: int = 0
    stops: int = 0
    texts_squared: int = 0
    answers_squared: int = 0
    stops_squared: int = 0
    texts_answers: int = 0
    texts_stops: int = 0


@dataclass(frozen=True, slots=True)
class StoredHours:
    """What is learned of a person, beside what is learned of everybody."""

    evidence: AnswerEvidence | None
    curves: AnswerCurves | None
    learned_at: datetime | None
    off_since: datetime | None
    fitted_at: datetime | None


def week_of(moment: datetime) -> str:
    """The ISO week of a time in UTC, as results name it: 2026-W48."""
    year, number, _ = moment.astimezone(UTC).isocalendar()
    return f"{year}-W{number:02}"


def read_progress(connection: Connection) -> LearningProgress:
    """Read how far `learn` has read; one round trip."""
    with one_round_trip(connection):
        found = connection.execute(sql("read_answer_progress"))
    up_to, counts, curves, fitted_at = only_row(found)
    return LearningProgress(up_to, counts or {}, AnswerCurves.from_json(curves) if curves else None, fitted_at)


def read_answer_texts(
    connection: Connection, after: UUID, before: UUID, limit: int
) -> tuple[UUID | None, list[AnswerText]]:
    """Read what came of the next attempts, in the order of their ids; one round trip.

    Args:
        after, before: ids of attempts, which hold their time.

    Returns:
        The id of the last attempt that was read, None where there is none, and the texts among them that count.
    """
    parameters = {
        "after": after,
        "before": before,
        "limit": limit,
        "leaves_within": LEAVES_WITHIN,
        "answers_within": ANSWERS_WITHIN,
        "stop_sources": list(STOP_SOURCES),
    }
    with connection.cursor(row_factory=dict_row) as cursor:
        with one_round_trip(connection):
            cursor.execute(sql("read_answer_texts"), parameters)
        rows = cursor.fetchall()
    return rows[0]["last_id"], [_answer_text(row) for row in rows if row["id"] is not None]


def write_answer_evidence(
    connection: Connection,
    after: UUID,
    up_to: UUID,
    counts: Mapping[str, Any],
    people: Sequence[PersonEvidence],
    results: Sequence[ArmResult],
    now: datetime,
) -> bool:
    """Write what a batch of texts adds, and how far `learn` has read, all of it or nothing; one round trip.

    Args:
        results: what is added to the results of each period and arm.

    Returns:
        False where another run has read further meanwhile, and nothing was written.
    """
    packed = [pack_evidence(person.evidence) for person in people]
    parameters = {
        "after": after,
        "up_to": up_to,
        "counts": Json(counts),
        "now": now,
        "user_id": [person.user_id for person in people],
        "hours": [_array(hours) for hours, _, _ in packed],
        "texts": [_array(texts) for _, texts, _ in packed],
        "answers": [_array(answers) for _, _, answers in packed],
        **columns([person.totals for person in people], *AnswerTotals.__slots__),
        **{_RESULT_PARAMETERS.get(name, name): [getattr(r, name) for r in results] for name in ArmResult.__slots__},
    }
    with one_round_trip(connection):
        found = connection.execute(sql("write_answer_evidence"), parameters)
    row = found.fetchone()
    return bool(row and row[0])


def sample_evidence(connection: Connection, seed: int) -> list[AnswerEvidence]:
    """Read what is known of at most `MOST_PEOPLE` people, sampled by blocks of the table."""
    row = connection.execute(sql("estimate_learned_people")).fetchone()
    # A quarter more than is wanted: blocks are not equally full. A table that was never analyzed is small.
    people = row[0] if row else -1
    percent = min(100.0, 125.0 * MOST_PEOPLE / people) if people > 0 else 100.0
    rows = connection.execute(sql("sample_answer_evidence"), {"percent": percent, "seed": seed, "limit": MOST_PEOPLE})
    return [unpack_evidence(*found) for found in rows]


def store_answer_curves(connection: Connection, curves: AnswerCurves, hours: LearnedHours, now: datetime) -> None:
    """Store the curves of everybody, and what they give for a person of whom nothing is known; one round trip."""
    parameters = {
        "curves": Json(curves.to_json()),
        "hours": hours.to_bytes(),
        "stops": rates_to_bytes(curves.stops),
        "texts": curves.texts,
        "people": curves.people,
        "now": now,
    }
    with one_round_trip(connection):
        connection.execute(sql("store_answer_curves"), parameters)


def list_people_to_learn(connection: Connection, after: UUID, limit: int) -> list[tuple[UUID, AnswerEvidence]]:
    """List the next people of whom something is new since their hours were learned; one round trip."""
    with one_round_trip(connection):
        found = connection.execute(sql("list_people_to_learn"), {"after": after, "limit": limit})
    return [(user_id, unpack_evidence(*evidence)) for user_id, *evidence in found.fetchall()]


def write_learned_hours(
    connection: Connection, people: Sequence[tuple[UUID, AnswerEvidence, LearnedHours]], now: datetime
) -> None:
    """Write the learned hours of people; one round trip. Where more was learned meanwhile, nothing changes."""
    parameters = {
        "user_id": [user_id for user_id, _, _ in people],
        "learned": [hours.to_bytes() for _, _, hours in people],
        "sure": [hours.sure for _, _, hours in people],
        "as_of": [evidence.as_of for _, evidence, _ in people],
        "now": now,
    }
    with one_round_trip(connection):
        connection.execute(sql("write_learned_hours"), parameters)


def read_answer_hours(connection: Connection, user_id: UUID) -> StoredHours:
    """Read what is learned of a person and of everybody; one round trip."""
    with connection.cursor(row_factory=dict_row) as cursor:
        with one_round_trip(connection):
            cursor.execute(sql("read_answer_hours"), {"user_id": user_id})
        row = only_row(cursor)
    evidence = unpack_evidence(row["hours"], row["texts"], row["answers"], row["as_of"]) if row["hours"] else None
    curves = AnswerCurves.from_json(row["curves"]) if row["curves"] else None
    return StoredHours(evidence, curves, row["learned_at"], row["off_since"], row["fitted_at"])


def read_answer_results(connection: Connection, since: str) -> list[ArmResult]:
    """Read the sums of each arm, over all weeks and in each week from `since` on; one round trip."""
    with connection.cursor(row_factory=class_row(ArmResult)) as cursor:
        with one_round_trip(connection):
            cursor.execute(sql("read_answer_results"), {"since": since})
        return cursor.fetchall()


def stop_learning_of_person(connection: Connection, user_id: UUID, now: datetime) -> None:
    """Forget what is learned of a person, and learn nothing more; one round trip."""
    with one_round_trip(connection):
        connection.execute(sql("stop_learning_of_person"), {"user_id": user_id, "now": now})


def resume_learning_of_person(connection: Connection, user_id: UUID, now: datetime) -> bool:
    """Learn of a person again; returns whether it had been stopped; one round trip."""
    with one_round_trip(connection):
        changed = connection.execute(sql("resume_learning_of_person"), {"user_id": user_id, "now": now})
    return changed.rowcount > 0


# The columns of the results whose names are also columns of a person's evidence.
_RESULT_PARAMETERS = {"texts": "arm_texts", "answers": "arm_answers", "stops": "arm_stops"}


def _answer_text(row: dict[str, Any]) -> AnswerText:
    return AnswerText(
        user_id=row["user_id"],
        sent_at=row["started_at"],
        zone=row["zone"],
        phone_number=row["phone_number"],
        kind=row["best_kind"],
        type=row["type"],
        asks=row["asks"],
        answered_at=row["answered_at"],
        stopped=row["stopped"],
        evidence=unpack_evidence(row["hours"], row["texts"], row["answers"], row["as_of"]) if row["as_of"] else None,
        totals=AnswerTotals(**{name: row[name] for name in AnswerTotals.__slots__}),
    )


def _array(values: Sequence[float]) -> str:
    """One array as Postgres writes it: arrays of different lengths make no array of arrays."""
    return f"{{{','.join(map(repr, values))}}}"
