"""What becomes of each record of a batch whose procedure fails (G11)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from aws_lambda_powertools import Logger

from orchestrator.aws import batches
from orchestrator.aws.batches import Processed, answer_batch, come_back
from orchestrator.aws.queues import DeadLetter, QueueRecord

NOW = datetime(2026, 3, 3, 15, tzinfo=UTC)
WEEK = timedelta(days=7)
SECOND = timedelta(seconds=1)
LOGGER = Logger(service="batches", level="CRITICAL")
DATABASE_AWAY = psycopg.OperationalError()  # no SQLSTATE: the connection is gone
REFUSED_BY_A_TRIGGER = psycopg.errors.RaiseException()
A_DEFECT = ValueError("bad")


class Queues:
    """Takes what a batch sends in place of SQS."""

    def __init__(self) -> None:
        self.waits: dict[str, int] = {}
        self.copied: list[str] = []
        self.dead: list[str] = []
        self.refuses = False

    def retry_later(self, _url: str | None, waits: dict[QueueRecord, int]) -> None:
        self.waits.update({record.sqs_message_id: seconds for record, seconds in waits.items()})

    def put_again(self, _url: str, records: Sequence[QueueRecord]) -> list[QueueRecord]:
        taken = [] if self.refuses else list(records)
        self.copied += [record.sqs_message_id for record in taken]
        return taken

    def send_dead_letters(self, _url: str | None, letters: Sequence[DeadLetter]) -> list[QueueRecord]:
        if self.refuses:
            return [letter.record for letter in letters]
        self.dead += [f"{letter.record.sqs_message_id}: {letter.problem.partition(' at ')[0]}" for letter in letters]
        return []


@pytest.fixture
def queues(monkeypatch: pytest.MonkeyPatch) -> Queues:
    found = Queues()
    for name in ("retry_later", "put_again", "send_dead_letters"):
        monkeypatch.setattr(batches, name, getattr(found, name))
    monkeypatch.setattr(batches, "_newest_passes", {})
    monkeypatch.setattr(batches, "_newest_stored", {})
    return found


def record(name: str, received: int = 1, first: datetime = NOW, **changes: Any) -> QueueRecord:
    """A record that was received so often, for the first time then."""
    return replace(QueueRecord(name, name, "handle", "{}", NOW, NOW, first, "AROA:x", received, "queue"), **changes)


def answer(process: Callable[[Sequence[QueueRecord]], Processed], *records: QueueRecord) -> list[str]:
    """The records that come back."""
    found = answer_batch(records, process, "queue", "dead", LOGGER, NOW)
    return [item["itemIdentifier"] for item in found["batchItemFailures"]]


def passing(*records: QueueRecord) -> None:
    """Process records that pass and are stored."""
    assert answer(lambda batch: Processed([], [read.sqs_message_id for read in batch]), *records) == []


def failing_with(error: Exception, *names: str) -> Callable[[Sequence[QueueRecord]], Processed]:
    """A procedure that fails where one of these records is in its batch, and stores all others."""

    def process(batch: Sequence[QueueRecord]) -> Processed:
        if any(read.sqs_message_id in names for read in batch):
            raise error
        return Processed([], [read.sqs_message_id for read in batch])

    return process


@pytest.mark.parametrize(
    ("received", "seconds"), [(0, 5), (1, 10), (2, 20), (3, 40), (7, 640), (8, 900), (9, 900), (100_000, 900)]
)
def test_each_return_waits_twice_as_long_up_to_a_quarter_of_an_hour(
    queues: Queues, received: int, seconds: int
) -> None:
    assert come_back([record("a", received)], "queue", NOW) == ["a"]
    assert queues.waits == {"a": seconds}


def test_a_wait_has_the_limit_of_its_queue(queues: Queues) -> None:
    assert come_back([record("a", 1), record("b", 2)], "queue", NOW, longest_wait=15) == ["a", "b"]
    assert queues.waits == {"a": 10, "b": 15}


def test_a_record_of_more_than_a_week_is_put_on_its_queue_again(queues: Queues) -> None:
    records = [record("week", queued_at=NOW - WEEK), record("older", queued_at=NOW - WEEK - SECOND)]
    assert come_back(records, "queue", NOW) == ["week"]
    assert (queues.copied, list(queues.waits)) == (["older"], ["week"])


def test_a_copy_that_sqs_does_not_take_is_not_the_end_of_a_record(queues: Queues) -> None:
    queues.refuses = True
    assert come_back([record("older", queued_at=NOW - WEEK - SECOND)], "queue", NOW) == ["older"]
    assert come_back([record("older", queued_at=NOW - WEEK - SECOND)], None, NOW) == ["older"], "nor without a queue"


def test_a_fault_of_the_surroundings_returns_the_whole_batch(queues: Queues) -> None:
    assert answer(failing_with(DATABASE_AWAY, "b"), record("a"), record("b", 9), record("c")) == ["a", "b", "c"]
    assert (queues.waits, queues.dead) == ({"a": 10, "b": 900, "c": 10}, [])


@pytest.mark.parametrize("error", [A_DEFECT, REFUSED_BY_A_TRIGGER], ids=["defect", "refusal"])
def test_the_others_of_a_batch_go_on_without_the_one_that_fails(queues: Queues, error: Exception) -> None:
    assert answer(failing_with(error, "b"), record("a"), record("b")) == ["b"]
    assert answer(failing_with(error, "b"), record("a"), record("b"), record("c")) == ["b"]
    assert queues.dead == []


@pytest.mark.parametrize(
    ("received", "newer_passed", "is_dead"), [(4, True, False), (5, True, True), (5, False, False), (6, True, True)]
)
@pytest.mark.parametrize("error", [A_DEFECT, REFUSED_BY_A_TRIGGER], ids=["defect", "refusal"])
def test_a_record_that_failed_five_times_is_put_aside_where_a_newer_one_passes(
    queues: Queues, error: Exception, received: int, newer_passed: bool, is_dead: bool
) -> None:
    passing(record("other", first=NOW + (SECOND if newer_passed else -SECOND)))
    back = answer(failing_with(error, "bad"), record("bad", received))
    assert back == ([] if is_dead else ["bad"])
    assert queues.dead == ([f"bad: failed {received} times: {type(error).__name__}"] if is_dead else [])


def test_where_the_database_refuses_what_passes_without_a_row_shows_nothing(queues: Queues) -> None:
    assert answer(lambda _batch: Processed([]), record("no row", first=NOW + SECOND)) == []
    assert answer(failing_with(REFUSED_BY_A_TRIGGER, "bad"), record("bad", 9)) == ["bad"]
    assert answer(failing_with(A_DEFECT, "bad"), record("bad", 9)) == []
    assert queues.dead == ["bad: failed 9 times: ValueError"]


def test_a_record_that_must_come_back_has_not_passed(queues: Queues) -> None:
    newer = record("newer", first=NOW + SECOND)
    assert answer(lambda _batch: Processed(["newer"], ["newer"]), newer) == ["newer"]
    assert answer(failing_with(A_DEFECT, "bad"), record("bad", 5)) == ["bad"]


def test_the_newest_that_passed_counts_also_when_an_older_one_passes_after_it(queues: Queues) -> None:
    passing(record("newer", first=NOW + SECOND))
    passing(record("older", first=NOW - SECOND))
    assert answer(failing_with(A_DEFECT, "bad"), record("bad", 5)) == []


def test_a_record_that_no_dead_letter_queue_takes_comes_back(queues: Queues) -> None:
    passing(record("newer", first=NOW + SECOND))
    queues.refuses = True
    assert answer(failing_with(A_DEFECT, "bad"), record("bad", 5)) == ["bad"]
    assert queues.waits == {"bad": 160}


def test_a_record_of_which_it_is_not_known_who_sent_it_waits_beside_the_others(queues: Queues) -> None:
    seen: list[str] = []

    def note(batch: Sequence[QueueRecord]) -> Processed:
        seen.extend(read.sqs_message_id for read in batch)
        return Processed([])

    doubtful = record("doubtful", doubt=OSError("STS does not answer"))
    assert answer(note, record("a"), doubtful) == ["doubtful"]
    assert (seen, queues.waits) == (["a"], {"doubtful": 10})
    assert answer(note, doubtful) == ["doubtful"]
    assert seen == ["a"], "nothing is left to process"
