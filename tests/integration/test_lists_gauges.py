"""The gauges, each read among rows that fail one of its conditions."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from orchestrator.store import gauges
from orchestrator.store.gauges import Gauges, read_gauges
from tests.named_rows import MINUTE, NOW, SECOND, NamedRows


@pytest.fixture
def rows(connection: Connection) -> NamedRows:
    return NamedRows.of_ada_and_ben(connection)


def message(rows: NamedRows, **columns: Any) -> dict[str, Any]:
    """A message to Ada that was due 50 minutes ago, before any that counts."""
    long_ago = dict.fromkeys(("accepted_at", "created_at"), NOW - 60 * MINUTE)
    return rows.message("ada", **{**long_ago, "scheduled_for": NOW - 50 * MINUTE, **columns})


def test_a_lane_is_as_overdue_as_the_oldest_message_that_could_go(rows: NamedRows) -> None:
    approved = {"status": "approved", "lease_until": NOW}
    rows.add(
        "message_queue",
        message(rows),
        {
            # What could go, by its lane.
            "high": {"scheduled_for": NOW - 5 * MINUTE, "reason": "quiet_hours"},
            "high, a newer one": {"scheduled_for": NOW - 4 * MINUTE},
            "high, approved": {"scheduled_for": NOW - 4 * MINUTE, **approved},
            "medium": {"priority": "medium", "scheduled_for": NOW},
            "urgent, approved": {"priority": "urgent", "scheduled_for": NOW - 7 * MINUTE, **approved},
            "urgent, approved later": {"priority": "urgent", "scheduled_for": NOW - 6 * MINUTE, **approved},
            # What could not, though it has been due for longer.
            "sent": {"status": "sent"},
            "being sent": {**approved, "status": "sending"},
            "of the former sender": {"accepted_at": None},
            "of the former sender, approved": {"accepted_at": None, **approved},
            "an incomplete sequence": {"reason": "sequence_incomplete"},
            "of a paused agent": {"agent_id": "stopped"},
            "of a paused type": {"message_data": {"type": "stopped"}},
            "to a paused person": {"user_id": rows["ben"]},
            "of a lost worker": {"status": "approved", "lease_until": NOW - SECOND},
            "low, not yet due": {"priority": "low", "scheduled_for": NOW + SECOND},
            "low, approved, not yet due": {"priority": "low", "scheduled_for": NOW + SECOND, **approved},
        },
    )
    for scope, value, ends_at in (
        ("agent", "stopped", None),
        ("type", "stopped", NOW + SECOND),
        ("user", str(rows["ben"]), None),
        ("agent", "saga", NOW),
    ):
        rows.write("orchestrator.pauses", scope=scope, value=value, paused_at=NOW - MINUTE, ends_at=ends_at)
    assert read_gauges(rows.connection, NOW).overdue == {"high": 300, "medium": 0, "urgent": 420}
    rows.connection.execute(
        "UPDATE message_queue SET scheduled_for = %s WHERE priority = 'low' AND lease_until IS NOT NULL", (NOW,)
    )
    assert read_gauges(rows.connection, NOW).overdue == {"high": 300, "medium": 0, "urgent": 420, "low": 0}


def test_of_very_many_messages_that_cannot_go_a_thousand_are_looked_at(rows: NamedRows) -> None:
    rows.add("message_queue", message(rows, reason="sequence_incomplete"), {"first": {}})
    more = (
        "INSERT INTO message_queue (user_id, agent_id, message_data, priority, reason, accepted_at, scheduled_for)"
        " SELECT m.user_id, m.agent_id, m.message_data, m.priority, m.reason, m.accepted_at, m.scheduled_for"
        " FROM message_queue m, generate_series(1, %s)"
    )
    rows.connection.execute(more, (998,))
    rows.add("message_queue", message(rows, scheduled_for=NOW), {"due": {}})
    assert read_gauges(rows.connection, NOW).overdue == {"high": 0}
    rows.add("message_queue", message(rows, reason="sequence_incomplete"), {"one more": {}})
    assert read_gauges(rows.connection, NOW).overdue == {}


def test_the_waiting_messages_that_come_first_are_counted(rows: NamedRows, monkeypatch: pytest.MonkeyPatch) -> None:
    """By lane, time and age; the rows are stored the other way round."""
    later = {"scheduled_for": NOW + MINUTE}
    rows.add(
        "message_queue",
        message(rows),
        {
            "in the last lane": {"priority": "urgent", "reason": "fifth"},
            "later": {**later, "reason": "fourth"},
            "younger": {"created_at": NOW, "reason": "third"},
            "older": {"reason": "second"},
            "held for the same": {"created_at": NOW - 61 * MINUTE, "reason": "second"},
            "held for nothing": {"created_at": NOW - 62 * MINUTE},
            "of the former sender": {"accepted_at": None, "created_at": NOW - 63 * MINUTE, "reason": "former"},
            "approved": {"status": "approved", "created_at": NOW - 63 * MINUTE, "reason": "approved"},
        },
    )
    counts = {"due": 1, "second": 2, "third": 1, "fourth": 1, "fifth": 1}
    assert read_gauges(rows.connection, NOW).waiting == counts
    for limit, reason in ((5, "fifth"), (4, "fourth"), (3, "third")):
        monkeypatch.setattr(gauges, "MOST_COUNTED", limit)
        del counts[reason]
        with rows.without_luck():
            assert read_gauges(rows.connection, NOW).waiting == counts


def test_nothing_waits_in_an_empty_database(connection: Connection) -> None:
    found = read_gauges(connection, NOW)
    assert 0 < found.connections < 100
    assert replace(found, connections=0) == Gauges({}, {}, 0, Decimal(0), Decimal(0), {}, {}, 0, {}, {}, 0)


def test_what_else_is_read(rows: NamedRows) -> None:
    today, days = NOW.date(), timedelta(days=1)
    for day, usd in ((today, 2), *((today + place * days, 16) for place in (-3, -2, -1, 1, 2, 3))):
        rows.write("orchestrator.spending_shards", day=day, shard=1, cost_usd=usd, twilio_usd=2 * usd)
    for minutes, kind in ((40, "conversation"), (20, "unjudged"), (10, "unjudged")):
        columns = {"user_id": rows["ada"], "phone_number": "+12125550101", "kind": kind}
        received = NOW - minutes * MINUTE
        rows.write("orchestrator.readings", inbound_id=UUID(int=minutes), received_at=received, **columns)
    for target, minutes in (("bus", 3), ("bus", 9), ("https://example.com", 5), ("https://example.com", 2)):
        rows.write("orchestrator.events", type="sent", target=target, at=NOW - minutes * MINUTE)
    rows.connection.execute("INSERT INTO orchestrator.event_bus VALUES ('bus')")
    found = read_gauges(rows.connection, NOW)
    assert (found.claude_usd, found.twilio_usd, found.oldest_unread) == (Decimal(2), Decimal(4), 1200)
    assert read_gauges(rows.connection, NOW + days).claude_usd == 16
    assert found.oldest_events == {"bus": 540, "https://example.com": 300}
    assert (found.overdue, found.waiting, found.cost_ceilings, found.outcome_pauses) == ({}, {}, {}, {})
    allowed = rows.connection.execute("SELECT current_setting('max_connections')::int").fetchall()[0][0]
    in_use = found.connections * allowed / 100
    assert 1 <= in_use == pytest.approx(round(in_use))


def test_pauses_count_by_what_they_are(rows: NamedRows) -> None:
    for scope, value, paused, ends in (
        ("spending", "", 9, SECOND),
        ("spending", "urgent", 8, SECOND),
        ("spending", "over", 30, timedelta(0)),
        ("agent_outcomes", "saga", 7, None),
        ("agent_outcomes", "other", 7, None),
        ("type_outcomes", "news", 6, None),
        ("agent_outcomes", "ended now", 30, timedelta(0)),
        ("type_outcomes", "ends", 5, SECOND),
        ("type", "news", 5, None),
        ("provider", "ended", 30, -MINUTE),
        ("provider", "begins with its end", -60, timedelta(hours=1)),
    ):
        ends_at = None if ends is None else NOW + ends
        rows.write("orchestrator.pauses", scope=scope, value=value, paused_at=NOW - paused * MINUTE, ends_at=ends_at)
    found = read_gauges(rows.connection, NOW)
    assert found.cost_ceilings == {"twilio": 1, "twilio_urgent": 1}
    assert found.outcome_pauses == {"agent_outcomes": 2, "type_outcomes": 1}
    assert found.oldest_pause == 540
    rows.connection.execute("DELETE FROM orchestrator.pauses WHERE ends_at = %s", (NOW + SECOND,))
    assert read_gauges(rows.connection, NOW).cost_ceilings == {}
    assert read_gauges(rows.connection, NOW).oldest_pause == 420
    rows.connection.execute("DELETE FROM orchestrator.pauses WHERE ends_at IS NULL")
    assert read_gauges(rows.connection, NOW).oldest_pause == 0
