"""Which part of a batch is stored first."""

from uuid import UUID

from orchestrator.intake.enqueue import parse_records
from orchestrator.intake.urgent_first import WORTH_WAITING_FOR, urgent_first
from tests.unit.test_enqueue import GOOD, record_of

BULK = [record_of(f"bulk-{number}", {**GOOD, "user_id": f"user_{number}"}) for number in range(WORTH_WAITING_FOR)]
URGENT = record_of("urgent", {**GOOD, "priority": "urgent"})


def names(*records: object) -> list[list[str]]:
    requests, _ = parse_records(records)  # type: ignore[arg-type]  # records of this file
    return [[record.sqs_message_id for record in part] for part in urgent_first(requests)]


def test_what_is_urgent_comes_before_the_bulk_of_its_batch() -> None:
    reply = record_of("reply", {"action": "reply", "user_id": "ben", "content": "Yes"})
    first, rest = names(*BULK, URGENT, reply)
    assert (first, len(rest)) == (["urgent", "reply"], len(BULK))


def test_all_of_an_urgent_messages_person_and_each_withdrawal_is_stored_with_it() -> None:
    of_ada = record_of("of ada", {**GOOD, "topic": "crm"})
    withdrawal = record_of("withdrawal", {"action": "withdraw", "message_id": str(UUID(int=7))})
    assert names(of_ada, *BULK, URGENT, withdrawal)[0] == ["of ada", "urgent", "withdrawal"]


def test_a_batch_is_one_part_where_nothing_is_urgent_or_little_waits() -> None:
    assert len(names(*BULK)) == 1
    assert len(names(*BULK[1:], URGENT)) == 1
    assert names() == [[]]
