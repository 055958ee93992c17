"""The bounds of each setting: the last value that it takes on either side, and the next one, which is named and refused."""

from typing import Any

import pytest
from pydantic import SecretStr

from orchestrator import SettingsError
from orchestrator.setting_values import Settings
from orchestrator.settings import (
    DeliverSettings,
    DispatchSettings,
    EnqueueSettings,
    InboundSettings,
    LearnSettings,
    RetainSettings,
    load,
)

GIVEN = {
    "DATABASE_URL": "postgresql://user@db.example/app",
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "token",
    "TWILIO_PHONE_NUMBER": "+12025550100",
    **{
        f"{name}_URL": f"https://sqs.example.com/{name}"
        for name in ("ENQUEUE_QUEUE", "ENQUEUE_DLQ", "URGENT_QUEUE", "DELIVERY_QUEUE", "INBOUND_QUEUE")
    },
}


@pytest.mark.parametrize(
    ("kind", "name", "taken", "refused"),
    [
        *(
            (EnqueueSettings, f"{activity}_PER_{span}", ["0", "1"], ["-1", "0.5"])
            for activity in ("ACTIVE_TEXTS", "REPLIES")
            for span in ("INBOUND", "HOUR", "DAY")
        ),
        (EnqueueSettings, "AGENT_START_LIMIT", ["0", "1"], ["-1"]),
        (EnqueueSettings, "MAX_SEQUENCE_PARTS", ["2", "10"], ["1", "11"]),
        (EnqueueSettings, "REFORMULATION_MINUTES", ["1", "525600"], ["0", "525601"]),
        (EnqueueSettings, "MESSAGE_LIFETIME_DAYS", ["1", "365000"], ["0", "365001"]),
        (EnqueueSettings, "BRAKE_FACTOR", ["0.1"], ["0", "-1", "ten"]),
        (EnqueueSettings, "BRAKE_FLOOR", ["1"], ["0"]),
        (LearnSettings, "LEARN_STOP_COST", ["0", "1000000"], ["-0.1", "1000001", "inf", "nan"]),
        (LearnSettings, "LEARN_WAITING_COST", ["0", "1000000"], ["-0.1", "1000001", "inf", "nan"]),
        (DispatchSettings, "OUTCOME_BRAKE_TEXTS", ["1"], ["0"]),
        (DispatchSettings, "OUTCOME_BRAKE_FACTOR", ["1"], ["0.9"]),
        (DispatchSettings, "OUTCOME_BRAKE_STOPS", ["0.01", "1"], ["0", "1.1"]),
        (DispatchSettings, "OUTCOME_BRAKE_FILTERED", ["0.01", "1"], ["0", "1.1"]),
        (DispatchSettings, "SENDER_MESSAGES_PER_SECOND", ["0.1"], ["0"]),
        (DispatchSettings, "REPLY_EVENT_TYPE", ["r" * 100, "a.b:c-d"], ["r" * 101, "a b"]),
        (DispatchSettings, "REPLY_FUNCTION", ["f" * 170], ["f" * 171, "f f"]),
        (DeliverSettings, "TWILIO_ACCOUNT_SID", ["AC" + "9aZ" * 10 + "00"], ["AC" + "0" * 31, "AC" + "0" * 33]),
        (DeliverSettings, "TWILIO_MESSAGING_SERVICE_SID", ["MG" + "f" * 32], ["MG" + "f" * 31, "MG" + "g" * 32]),
        (DeliverSettings, "TWILIO_PHONE_NUMBER", ["+1234567", "+123456789012345"], ["+123456", "+1234567890123456"]),
        (DeliverSettings, "TWILIO_PHONE_NUMBER", [], ["+02025550100", "2025550100", "+15005550006"]),
        (DeliverSettings, "TWILIO_TIMEOUT_SECONDS", ["0.1"], ["0"]),
        (DeliverSettings, "TWILIO_PARALLEL_CALLS", ["1", "50"], ["0", "51"]),
        (DeliverSettings, "TWILIO_DAILY_CEILING_USD", ["0.1"], ["0"]),
        (DeliverSettings, "CLAUDE_DAILY_CEILING_USD", ["0.1"], ["0"]),
        (DeliverSettings, "CLAUDE_DEADLINE_SECONDS", ["0.1"], ["0"]),
        (DeliverSettings, "MAX_SEGMENTS", ["1"], ["0"]),
        (DeliverSettings, "REASSIGNED_NUMBER_USD", ["0.001"], ["0"]),
        (DeliverSettings, "LAW_FILE", ["x"], []),
        (InboundSettings, "SENDER_NAME", ["AB", "A" * 60], ["A", "A" * 61]),
        (InboundSettings, "SENDER_CONTACT", ["AB", "A" * 100], ["A", "A" * 101]),
        (InboundSettings, "PRIVACY_KEY", ["k" * 16], ["k" * 15]),
        (RetainSettings, "RETENTION_DAYS", ["1", "365000"], ["0", "365001"]),
        (RetainSettings, "EVIDENCE_DAYS", ["0", "365000"], ["-1", "365001"]),
    ],
)
def test_a_setting_is_taken_up_to_its_bounds(
    kind: type[Settings], name: str, taken: list[str], refused: list[str]
) -> None:
    for value in taken:
        found: Any = getattr(load(kind, {**GIVEN, name: value}), name.lower())
        shown = found.get_secret_value() if isinstance(found, SecretStr) else found
        assert shown == type(shown)(value)
    for value in refused:
        with pytest.raises(SettingsError, match=f"^{name}: "):
            load(kind, {**GIVEN, name: value})


@pytest.mark.parametrize(
    ("kind", "defaults"),
    [
        (
            EnqueueSettings,
            {
                "active_texts_per_inbound": 3, "active_texts_per_hour": 6, "active_texts_per_day": 12,
                "replies_per_inbound": 5, "replies_per_hour": 30, "replies_per_day": 60,
                "agent_start_limit": 500, "daily_limit": 10, "hourly_limit": 2, "message_lifetime_days": 7,
                "max_sequence_parts": 5, "reformulation_minutes": 240, "brake_factor": 10, "brake_floor": 500,
            },
        ),
        (
            DispatchSettings,
            {
                "daily_limit": 10, "hourly_limit": 2, "message_lifetime_days": 7, "sender_messages_per_second": 3,
                "outcome_brake_texts": 200, "outcome_brake_factor": 5, "outcome_brake_stops": 0.05,
                "outcome_brake_filtered": 0.03, "reply_webhook_private_network": False,
            },
        ),
        (
            DeliverSettings,
            {
                "twilio_timeout_seconds": 10, "twilio_parallel_calls": 50, "claude_deadline_seconds": 12,
                "claude_daily_ceiling_usd": 50, "max_segments": 2, "twilio_daily_ceiling_usd": 500,
                "reassigned_number_usd": 0.02, "stop_confirmation": "on", "help_answer": "off", "sending": "live",
            },
        ),
        (RetainSettings, {"retention_days": 365, "evidence_days": 1_827}),
        (LearnSettings, {"learn": "on", "learn_stop_cost": 30, "learn_waiting_cost": 0.0005}),
    ],
)  # fmt: skip
def test_the_defaults_are_those_of_the_documents(kind: type[Settings], defaults: dict[str, object]) -> None:
    settings = load(kind, GIVEN)
    assert {name: getattr(settings, name) for name in defaults} == defaults
