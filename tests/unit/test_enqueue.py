"""What the requests of a batch become, before anything is written."""

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from orchestrator.agents import AgentGroup
from orchestrator.aws.queues import QueueRecord
from orchestrator.ids import id_from_sqs
from orchestrator.intake.enqueue import BatchRows, EnqueueReport, parse_records, rows_of
from orchestrator.store.intake import MessageWithdrawal, TopicWithdrawal
from tests.unit.test_acceptance import ADA, HOUR, KNOWN, NOW, POLICY

GOOD = {"user_id": "ada", "agent_id": "system", "message_data": {"type": "note"}, "priority": "high"}


def record_of(name: str, body: str | dict[str, Any], age: timedelta = timedelta(0)) -> QueueRecord:
    text = body if isinstance(body, str) else json.dumps(body)
    sent_at = NOW - age
    return QueueRecord(name, name, f"handle-{name}", text, sent_at, sent_at, sent_at, "AROAUTHOR", 1, "enqueue")


def rows(*records: QueueRecord) -> BatchRows:
    return rows_of(*parse_records(records), KNOWN, POLICY, NOW)


def test_each_request_becomes_its_row() -> None:
    found = rows(
        record_of("1", GOOD),
        record_of("2", {"action": "reply", "user_id": "ada", "content": "Yes"}),
        record_of("3", {"action": "withdraw", "message_id": str(UUID(int=7))}),
        record_of("4", {"action": "withdraw", "user_id": "ada", "topic": "crm"}, age=HOUR),
    )
    assert [message.is_reply for message in found.accepted] == [False, True]
    assert found.withdrawals == [MessageWithdrawal(UUID(int=7), "AROAUTHOR")]
    assert found.topic_withdrawals == [TopicWithdrawal(ADA, "crm", "AROAUTHOR", NOW - HOUR)]
    assert (found.rejections, found.dead_letters, found.unknown_users) == ([], [], [])


def test_an_unknown_user_may_still_be_created_for_15_minutes() -> None:
    late = {**GOOD, "user_id": "late"}
    early, over = record_of("1", late, age=timedelta(minutes=14)), record_of("2", late, age=timedelta(minutes=15))
    found = rows(early, over)
    assert found.unknown_users == [early]
    assert [rejection.reason for rejection in found.rejections] == ["unknown_user"]
    assert [dead_letter.record for dead_letter in found.dead_letters] == [over]


def test_a_rejection_has_the_id_that_the_body_gives_or_one_from_sqs() -> None:
    given = str(UUID(int=7))
    found = rows(
        record_of("1", {**GOOD, "user_id": "london", "message_id": given}),
        record_of("2", {**GOOD, "priority": "asap", "messageId": given}),
        replace(record_of("3", "{not json"), original_id="before the redrive"),
    )
    rejections = {rejection.sqs_message_id: rejection for rejection in found.rejections}
    assert {name: rejection.message_id for name, rejection in rejections.items()} == {
        "1": UUID(int=7),
        "2": UUID(int=7),
        "3": id_from_sqs("before the redrive"),
    }
    agents = {name: rejection.agent_id for name, rejection in rejections.items()}
    assert agents == {"1": "system", "2": "system", "3": None}, "a malformed body may name its agent"


def test_a_rejection_names_the_person_who_is_known_and_what_the_body_asked_for() -> None:
    found = rows(
        record_of("1", {**GOOD, "user_id": "london"}),
        record_of("2", {**GOOD, "user_id": "late"}, age=HOUR),
        record_of("3", {"action": "withdraw", "user_id": "late", "topic": "crm"}, age=HOUR),
        record_of("4", {**GOOD, "+12125550123": 1}),
        record_of("5", {**GOOD, "12125550123": 1}),
        record_of("6", {**GOOD, "agent_id": "ключ"}),
    )
    facts = {r.sqs_message_id: (r.user_id is not None, r.action, r.agent_id, r.field) for r in found.rejections}
    assert facts == {
        "1": (True, "publish", "system", "user_id"),
        "2": (False, "publish", "system", "user_id"),
        "3": (False, "withdraw", None, "user_id"),
        "4": (False, None, "system", "body"),
        "5": (False, None, "system", "body"),
        "6": (False, None, None, "agent_id"),
    }


def test_messages_of_a_batch_count_against_their_agent_in_order() -> None:
    slow = {**GOOD, "agent_id": "slow"}
    found = rows(record_of("1", slow), record_of("2", GOOD), record_of("3", slow), record_of("4", slow))
    assert [(message.due - NOW) / HOUR for message in found.accepted] == [1, 0, 1, 2]


def test_an_agent_far_above_its_usual_rate_is_throttled() -> None:
    known = replace(KNOWN, groups={("system", "AROAUTHOR"): AgentGroup("system", this_hour=500, usual_hour=1.0)})
    found = rows_of(*parse_records([record_of("1", GOOD)]), known, POLICY, NOW)
    assert [(throttle.agent_group, throttle.note) for throttle in found.throttles] == [
        ("system", "501 messages in an hour, usually 1")
    ]


def test_the_report_of_a_divided_batch_is_that_of_its_parts() -> None:
    one, other = (
        EnqueueReport(
            accepted=Counter(high=number),
            message_ids={"accepted": [UUID(int=number)]},
            repeated=number,
            withdrawn=10 * number,
            rejected=Counter(invalid=number),
            ceilings=Counter(day=number),
            throttled=["bulk", f"agent_{number}"],
            retry=[f"retry {number}"],
            stored=[f"stored {number}"],
        )
        for number in (1, 2)
    )
    assert one + other == EnqueueReport(
        accepted=Counter(high=3),
        message_ids={"accepted": [UUID(int=1), UUID(int=2)]},
        repeated=3,
        withdrawn=30,
        rejected=Counter(invalid=3),
        ceilings=Counter(day=3),
        throttled=["agent_1", "agent_2", "bulk"],
        retry=["retry 1", "retry 2"],
        stored=["stored 1", "stored 2"],
    )
