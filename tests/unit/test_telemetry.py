"""Reports become metrics and log lines, whose names dashboards, alarms and saved queries depend on."""

import json
from collections import Counter, defaultdict
from dataclasses import replace
from decimal import Decimal
from http import HTTPStatus
from typing import Any
from uuid import UUID

import pytest
from aws_lambda_powertools import Logger

from orchestrator.aws.metrics import SECONDS, TEXTS, WAIT, Metric
from orchestrator.aws.telemetry import publish_metric, publish_report
from orchestrator.conversation.inbound import InboundReport
from orchestrator.conversation.webhook import WebhookAnswer
from orchestrator.delivery.dispatch import DispatchReport
from orchestrator.delivery.report import DeliverReport
from orchestrator.intake.enqueue import EnqueueReport
from orchestrator.maintenance.learn import LearnReport
from orchestrator.maintenance.retain import RetainReport
from orchestrator.store.gauges import Gauges
from orchestrator.store.schedule import Upkeep

MESSAGE = UUID(int=7)
LOGGER = Logger(service="test", level="CRITICAL")

DELIVER = DeliverReport(
    outcomes=Counter(accepted=2, refused=1),
    relevance=Counter(stale=1),
    claude_calls=Counter({"check_relevance answered": 2, "render_message refused": 1}),
    over_ceiling=1,
    ceilings=Counter(reply_limit=2),
    numbers_asked=Counter(no=2),
    refused=Counter(configuration=1),
    provider_faults=1,
    held=Counter(quiet_hours=3),
    ended=Counter(expired=1),
    undecided=[MESSAGE],
    errors=Counter({"Twilio refused": 1}),
    sent=Counter(high=2),
    sent_for=Counter(marketing=2),
    segments=3,
    wait={"high": [1.5, 2.0]},
    lateness={"high": [0.0, 0.5]},
    message_ids={"accepted": [MESSAGE]},
)
DISPATCH = DispatchReport(
    handed_over=Counter(urgent=0, high=4),
    message_ids={"handed_over": [MESSAGE]},
    not_taken=1,
    upkeep=Upkeep(
        due_again=1, unknown=2, expired=3, incomplete=4, pulled_forward=5, rows_taken_up=6, twilio_is_out=True
    ),
    proven=1,
    events_published=2,
    gauges=Gauges(
        {"high": 7.0},
        {"best_time": 8},
        90.0,
        Decimal("0.5"),
        Decimal(2),
        {"twilio": 1},
        {"agent_outcomes": 1},
        3600.0,
        {"trigger send_sms": 1},
        {"webhook": 60.0},
        12.5,
    ),
    finished=True,
    probes=1,
    paused_by_outcome=Counter(agent_outcomes=1),
    texts=Counter(stop=1),
)
ENQUEUE = EnqueueReport(
    accepted=Counter(high=1, low=2),
    message_ids={"accepted": [MESSAGE]},
    repeated=1,
    withdrawn=2,
    rejected=Counter(unknown_user=1),
    ceilings=Counter(start_limit=1),
    throttled=["bulk"],
    retry=["sqs-1", "sqs-2"],
)
INBOUND = InboundReport(
    statuses=Counter(delivered=1, undelivered=1),
    delivered=1,
    undelivered=Counter({"30007": 1}),
    filtered=Counter({"30007": 1}),
    texts=Counter(conversation=1),
    opted_out=Counter(keyword=1),
    claude_calls=Counter({"read_reply cut_off": 1}),
    handed_over=1,
    unread=(),
    message_ids={"delivered": [MESSAGE]},
)


def metrics_of(text: str) -> dict[str, dict[str | None, list[float]]]:
    """The values of each metric in what a function printed, by the value of its dimension."""
    found: defaultdict[str, dict[str | None, list[float]]] = defaultdict(dict)
    for line in map(json.loads, text.splitlines()):
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        (metric,) = directive["Metrics"]
        dimension = next((names[0] for names in directive["Dimensions"] if names), None)
        found[metric["Name"]].setdefault(line.get(dimension), []).extend(line[metric["Name"]])
    return dict(found)


@pytest.mark.parametrize(
    ("report", "log", "metrics"),
    [
        (
            DELIVER,
            {
                "outcomes": {"accepted": 2, "refused": 1},
                "judged": {"stale": 1},
                "claude_calls": {"check_relevance answered": 2, "render_message refused": 1},
                "over_ceiling": 1,
                "ceilings": {"reply_limit": 2},
                "numbers_asked": {"no": 2},
                "refused": {"configuration": 1},
                "held": {"quiet_hours": 3},
                "ended": {"expired": 1},
                "undecided": [str(MESSAGE)],
                "errors": {"Twilio refused": 1},
            },
            {
                "Calls": {"accepted": [2], "refused": [1]},
                "Relevance": {"stale": [1]},
                "ClaudeCalls": {"check_relevance answered": [2], "render_message refused": [1]},
                "CostCeiling": {"claude": [1]},
                "Ceilings": {"reply_limit": [2]},
                "NumbersAsked": {"no": [2]},
                "Refused": {"configuration": [1]},
                "ProviderFaults": {None: [1]},
                "Held": {"quiet_hours": [3]},
                "Ended": {"expired": [1]},
                "Sent": {"high": [2]},
                "SentFor": {"marketing": [2]},
                "Segments": {None: [3]},
                "Wait": {"high": [1.5, 2]},
                "Lateness": {"high": [0, 0.5]},
            },
        ),
        (
            DISPATCH,
            {
                "handed_over": {"urgent": 0, "high": 4},
                "not_taken": 1,
                "due_again": 1,
                "unknown": 2,
                "expired": 3,
                "incomplete": 4,
                "pulled_forward": 5,
                "rows_taken_up": 6,
                "twilio_is_out": True,
                "proven": 1,
                "told": 2,
                "finished": True,
                "probes": 1,
                "paused_by_outcome": {"agent_outcomes": 1},
                "texts_of_former_webhook": {"stop": 1},
            },
            {
                "HandedOver": {"high": [4]},
                "Ended": {"expired": [3], "unknown_outcome": [2], "sequence_incomplete": [4]},
                "UnknownOutcomes": {None: [2]},
                "Proven": {"message_list": [1]},
                "OldestDue": {"urgent": [0], "high": [7], "medium": [0], "low": [0]},
                "Waiting": {"best_time": [8]},
                "OldestUnread": {None: [90]},
                "ClaudeSpentToday": {None: [0.5]},
                "TwilioSpentToday": {None: [2]},
                "CostCeiling": {"twilio": [1]},
                "OldSenders": {"trigger send_sms": [1]},
                "OldestEvent": {"webhook": [60]},
                "OutcomePauses": {"agent_outcomes": [1]},
                "Texts": {"stop": [1]},
                "OldestPause": {None: [3600]},
                "DatabaseConnections": {None: [12.5]},
            },
        ),
        (
            ENQUEUE,
            {
                "accepted": 3,
                "repeated": 1,
                "withdrawn": 2,
                "rejected": {"unknown_user": 1},
                "ceilings": {"start_limit": 1},
                "braked": ["bulk"],
                "retry": 2,
            },
            {
                "Published": {"high": [1], "low": [2]},
                "Rejected": {"unknown_user": [1]},
                "Ceilings": {"start_limit": [1]},
                "Braked": {None: [1]},
            },
        ),
        (
            INBOUND,
            {
                "statuses": {"delivered": 1, "undelivered": 1},
                "undelivered": {"30007": 1},
                "texts": {"conversation": 1},
                "opted_out": {"keyword": 1},
                "claude_calls": {"read_reply cut_off": 1},
                "handed_over": 1,
                "unjudged": 0,
                "unknown_senders": {},
            },
            {
                "Delivered": {None: [1]},
                "Undelivered": {"30007": [1]},
                "CarrierFiltered": {"30007": [1]},
                "Texts": {"conversation": [1]},
                "OptOuts": {"keyword": [1]},
                "ClaudeCalls": {"read_reply cut_off": [1]},
            },
        ),
        (
            WebhookAnswer(HTTPStatus.NO_CONTENT, "queued", message_ids=[str(MESSAGE)]),
            {"verdict": "queued", "message_ids": [str(MESSAGE)]},
            {"Webhook": {"queued": [1]}},
        ),
        (RetainReport(3, finished=False), {"forgotten": 3, "finished": False}, {"Retention": {"forgotten": [3]}}),
        (
            LearnReport(
                texts=Counter(learned=9, default_holdout=1),
                answers=Counter(learned=3),
                answer_rates={"learned": 33.3, "default_holdout": 0.0},
                stops=Counter(learned=1),
                people=7,
                fitted=True,
                left=True,
            ),
            {
                "texts": {"learned": 9, "default_holdout": 1},
                "answers": {"learned": 3},
                "answer_rates": {"learned": 33.3, "default_holdout": 0.0},
                "stops": {"learned": 1},
                "people": 7,
                "fitted": True,
                "left": True,
            },
            {
                "ChosenHours": {"learned": [9], "default_holdout": [1]},
                "AnswerRate": {"learned": [33.3], "default_holdout": [0.0]},
                "ChosenHoursStopped": {"learned": [1]},
                "LearnedPeople": {None: [7]},
                "LearningLeft": {None: [1]},
            },
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_report_is_published_under_these_names(
    report: Any, log: dict[str, object], metrics: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    assert publish_report(LOGGER, "done", report) == log
    assert metrics_of(capsys.readouterr().out) == metrics


def test_what_a_tick_had_no_time_to_read_is_no_measurement(capsys: pytest.CaptureFixture[str]) -> None:
    publish_report(LOGGER, "done", replace(DISPATCH, gauges=None))
    assert "OldestDue" not in metrics_of(capsys.readouterr().out)


def test_a_count_of_zero_says_nothing_and_a_measurement_of_zero_does(capsys: pytest.CaptureFixture[str]) -> None:
    publish_metric(TEXTS, {"conversation": 0})
    publish_metric(WAIT, {"high": [0.0]})
    assert metrics_of(capsys.readouterr().out) == {"Wait": {"high": [0]}}


def test_more_values_than_a_line_takes_keep_their_dimension(capsys: pytest.CaptureFixture[str]) -> None:
    publish_metric(WAIT, {"high": [1.0] * 250})
    assert metrics_of(capsys.readouterr().out) == {"Wait": {"high": [1.0] * 250}}


def test_a_metric_takes_no_value_that_is_no_number() -> None:
    with pytest.raises(TypeError, match="Level takes no object"):
        publish_metric(Metric("Level", SECONDS), object())
