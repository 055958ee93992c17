"""What the rules know of a person: exactly the rows that count, beside rows that almost count."""

from datetime import time

from tests.rows_by_name import id_of
from tests.state_cases import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    OTHER,
    SECOND,
    SHARER,
    Case,
    attempt,
    budget,
    consent,
    one_of,
    opt_out,
    put_cases,
    queued,
    reading,
    written,
    wrong_person_states,
    wrong_states,
)
from tests.world import World

ONE = id_of("one sequence")

PEOPLE = [
    Case(
        "a person with everything set",
        [
            one_of("answer_hours", learned="\\x03", sure=0.5, off_since=NOW),
            one_of("numbers", dead_code=30005, unreachable_until=NOW + HOUR),
        ],
        user={
            "first_name": "Ada",
            "timezone": "America/Denver",
            "law_place": "FL",
            "quiet_hours_start": "21:00",
            "quiet_hours_end": "07:30",
            "response_pattern": {"best_hours": [9]},
        },
        read={
            "first_name": "Ada",
            "timezone": "America/Denver",
            "law_place": "FL",
            "quiet_hours_start": time(21),
            "quiet_hours_end": time(7, 30),
            "response_pattern": {"best_hours": [9]},
            "learned": b"\x03",
            "sure": 0.5,
            "off": True,
            "number_is_dead": True,
            "unreachable_until": NOW + HOUR,
        },
    ),
    Case("answers of a person who is in", [one_of("answer_hours", sure=0.25)], read={"sure": 0.25}),
    Case(
        "a number that is a name",
        [attempt(holds_slot=True)],
        user={"phone_number": "forgotten-1"},
        read={"phone_number": "forgotten-1", "recent_sends": [NOW - 30 * MINUTE]},
    ),
    Case(
        "a number in another spelling",
        user={"phone_number": "tel:(347) 555-0181"},
        read={"phone_number": "+13475550181"},
    ),
    Case(
        "limits of today, and texts of five days",
        [
            budget(-2, 9, daily_limit=1, hourly_limit=1, quiet_hours_enabled=True),
            budget(-1, 1, daily_limit=2, hourly_limit=1, quiet_hours_enabled=True),
            budget(-1, 4, SHARER),
            budget(-1, 40, OTHER),
            budget(0, 2, daily_limit=10, hourly_limit=3, quiet_hours_enabled=False),
            budget(0, None, SHARER),
            budget(1, None, daily_limit=7, hourly_limit=7, quiet_hours_enabled=True),
            budget(2, 9, daily_limit=8, hourly_limit=8, quiet_hours_enabled=True),
        ],
        read={
            "daily_limit": 10,
            "hourly_limit": 3,
            "quiet_hours_enabled": False,
            "sent_by_day": {"2026-03-02": 5, "2026-03-03": 2, "2026-03-04": 0},
        },
    ),
    Case(
        "texts of an hour",
        [
            attempt(holds_slot=True, started_at=NOW - HOUR + SECOND),
            attempt(SHARER, holds_slot=True, started_at=NOW - MINUTE),
            attempt(holds_slot=True, started_at=NOW - HOUR),
            attempt(),
            attempt(OTHER, holds_slot=True),
            written(SHARER, direction="outbound", role="coach", status="sent", sent_at=NOW - 2 * MINUTE),
        ],
        read={"recent_sends": [NOW - HOUR + SECOND, NOW - 2 * MINUTE, NOW - MINUTE]},
    ),
    Case(
        "texts that wait for room in an hour",
        [
            queued(reason="hourly_limit", scheduled_for=NOW + SECOND),
            queued(SHARER, reason="hourly_limit", scheduled_for=NOW + MINUTE, sequence_id=ONE, sequence_position=1),
            queued(reason="hourly_limit", scheduled_for=NOW + HOUR, sequence_id=ONE, sequence_position=2),
            queued(OTHER, reason="hourly_limit", scheduled_for=NOW + HOUR),
            queued(reason="hourly_limit", scheduled_for=NOW + HOUR, accepted_at=None),
            queued(reason="hourly_limit", scheduled_for=NOW + HOUR, status="approved"),
            queued(reason="daily_limit", scheduled_for=NOW + HOUR),
            queued(reason="hourly_limit", scheduled_for=NOW),
        ],
        read={"planned_sends": [NOW + SECOND, NOW + MINUTE]},
    ),
    Case(
        "texts that count toward a cap of the law",
        [
            attempt(law_texts=2, started_at=NOW - 7 * DAY + SECOND),
            attempt(SHARER, law_texts=1, started_at=NOW - DAY),
            attempt(law_texts=1, started_at=NOW - 7 * DAY),
            attempt(OTHER, law_texts=1),
        ],
        read={"law_sends": [NOW - 7 * DAY + SECOND, NOW - 7 * DAY + SECOND, NOW - DAY]},
    ),
    Case(
        "texts that went because the person was active",
        [
            written(created_at=NOW - HOUR),
            attempt(active_texts=2, active_since=NOW - HOUR, started_at=NOW - HOUR + SECOND),
            attempt(SHARER, active_texts=1, active_since=NOW - HOUR, started_at=NOW - HOUR, outcome=None),
            attempt(active_texts=3, active_since=NOW - 2 * HOUR, outcome="unknown"),
            attempt(
                active_texts=4, active_since=NOW - DAY, started_at=NOW - 26 * HOUR + SECOND, local_date="2026-03-02"
            ),
            attempt(active_texts=9, active_since=NOW - HOUR, started_at=NOW - 26 * HOUR),
            attempt(active_texts=9, active_since=NOW - HOUR, outcome="refused"),
            attempt(active_texts=0, active_since=NOW - HOUR),
            attempt(OTHER, active_texts=9, active_since=NOW - HOUR),
        ],
        read={
            "last_inbound_at": NOW - HOUR,
            "texts_while_active": 3,
            "active_texts_this_hour": 5,
            "active_texts_by_day": {"2026-03-03": 6, "2026-03-02": 4},
        },
    ),
    Case("an opt-out", [opt_out(phone_number="+13475550199")], read={"opted_out": True}),
    Case("an opt-out that ended", [opt_out(ended_at=NOW)]),
    Case(
        "texted on this number",
        [attempt(started_at=NOW - DAY, phone_number="+13475550180"), attempt()],
        user={"phone_number": "+13475550180"},
        read={"phone_number": "+13475550180", "texted_at": NOW - DAY},
    ),
    Case("an unread text of a sharer", [reading(SHARER)], read={"has_unread_text": True}),
    Case("an unread text from another number", [reading(phone_number="+13475550198")], read={"has_unread_text": True}),
    Case(
        "texts that are read, or another person's",
        [reading(kind="conversation"), reading(kind="stop"), reading(OTHER, phone_number="+13475550197")],
    ),
    Case("agreed just now", [consent(at=NOW, until=NOW + SECOND)], read={"has_consent": True}),
    Case(
        "did not agree to this, now, with this number",
        [
            consent(purpose="marketing"),
            consent(at=NOW + SECOND),
            consent(until=NOW),
            consent(phone_number="+13475550196"),
            consent(OTHER),
            consent(is_given=False, at=NOW + SECOND, purpose="marketing"),
        ],
    ),
    Case(
        "agreed again after a revocation and a STOP",
        [
            consent(),
            consent(is_given=False, at=NOW - HOUR - SECOND),
            opt_out(opted_out_at=NOW - HOUR - SECOND, ended_at=NOW),
            opt_out(phone_number="+13475550195", opted_out_at=NOW, ended_at=NOW),
            consent(is_given=False, purpose="marketing", at=NOW),
            consent(OTHER, is_given=False, phone_number="+13475550194", at=NOW),
        ],
        read={"has_consent": True},
    ),
    Case("agreed, and revoked it at once", [consent(), consent(is_given=False)], read={"revoked": True}),
    Case("agreed, and STOP came at once", [consent(), opt_out(opted_out_at=NOW - HOUR, ended_at=NOW)]),
    Case(
        "the number's former owner revoked it",
        [consent(), consent(OTHER, is_given=False, at=NOW)],
        read={"revoked": True},
    ),
    Case(
        "revoked it on another number, and agreed there",
        [
            consent(is_given=False, phone_number="+13475550193"),
            consent(phone_number="+13475550193", at=NOW),
        ],
        read={"revoked": True},
    ),
    Case(
        "revoked the topic",
        [consent(is_given=False, purpose=None, topic="news"), consent(purpose="marketing", topic="other", at=NOW)],
        message={"topic": "news"},
        read={"revoked": True},
    ),
    Case(
        "revoked the topic for a purpose, and then the purpose",
        [
            consent(is_given=False, purpose="marketing", topic="news"),
            consent(is_given=False, purpose="marketing", at=NOW),
        ],
        message={"topic": "news"},
        read={"revoked": True},
    ),
    Case(
        "revoked other things, or agreed to them again",
        [
            consent(is_given=False, purpose="marketing", topic="other"),
            consent(is_given=False, purpose=None, topic="news"),
            consent(purpose=None, topic="news", at=NOW),
        ],
        message={"topic": "news"},
    ),
]


def test_what_is_read_of_a_person_and_a_message(world: World) -> None:
    put_cases(world.connection, PEOPLE)
    assert wrong_states(world.connection, PEOPLE) == {}


def test_what_is_read_of_a_person(world: World) -> None:
    put_cases(world.connection, PEOPLE)
    assert wrong_person_states(world.connection, PEOPLE) == {}
