"""What the rules know of a message: exactly the rows that count, beside rows that almost count."""

from typing import Any
from unittest.mock import ANY
from uuid import UUID

from tests.rows_by_name import id_of, number_of
from tests.state_cases import (
    HOUR,
    MINUTE,
    NOTHING_KNOWN,
    NOW,
    OTHER,
    SECOND,
    SHARER,
    Case,
    Row,
    attempt,
    one_of,
    put_cases,
    queued,
    written,
    wrong_person_states,
    wrong_states,
)
from tests.world import World

FIRST_ID, LAST_ID = UUID(int=1), UUID(int=2**128 - 1)
THE_SEQUENCE, ONE = id_of("a sequence"), id_of("one sequence")


def waiting_sequence(agent_id: str, minutes: int = 1, **columns: Any) -> Row:
    """The first part of a sequence that waits for room in the hour of its agents."""
    due = NOW + minutes * MINUTE
    waiting: dict[str, Any] = {
        "reason": "agent_limit",
        "sequence_position": 1,
        "accepted_at": NOW - HOUR,
        "scheduled_for": due,
    }
    return queued(agent_id=agent_id, **waiting | columns)


MESSAGES = [
    Case("a message with nothing set"),
    Case(
        "a message with everything set",
        message={
            "final_message": "Hello",
            "words_source": "claude",
            "words_on": "2026-03-02",
            "can_delay": False,
            "requires_fresh_context": True,
            "not_before": NOW - HOUR,
            "best_at": NOW + HOUR,
            "tries": 2,
            "allow_repeat": True,
            "expects_reply": True,
        },
        read={
            "final_message": "Hello",
            "words_source": "claude",
            "words_on": NOW.date().replace(day=2),
            "can_delay": False,
            "requires_fresh_context": True,
            "not_before": NOW - HOUR,
            "best_at": NOW + HOUR,
            "tries": 2,
            "allow_repeat": True,
            "asks": True,
        },
    ),
    Case("it was withdrawn", [one_of("withdrawals")], read={"withdrawn": True}),
    Case(
        "two others supersede it",
        [queued(topic="news", published_at=NOW - SECOND), queued(topic="news", published_at=NOW)],
        message={"topic": "news"},
        read={"superseded_by": ANY},
    ),
    Case(
        "one supersedes it",
        [queued(topic="news", published_at=NOW)],
        message={"topic": "news"},
        read={"superseded_by": "one supersedes it, row 0"},
    ),
    *(
        Case(
            f"a low message, and one of lane {lane} is due",
            [queued(priority=lane, status=status, reason=reason, scheduled_for=NOW)],
            message={"priority": "low"},
            read={"priority": "low", "higher_is_due": True},
        )
        for lane, status, reason in [
            ("urgent", "approved", None),
            ("high", "queued", None),
            ("medium", "queued", "quiet_hours"),
        ]
    ),
    Case("a high message, and another one is due", [queued(priority="urgent", scheduled_for=NOW)]),
    Case(
        "a low message, and no higher one is due",
        [
            queued(OTHER),
            queued(accepted_at=None),
            queued(status="sent"),
            queued(status="sending"),
            queued(scheduled_for=NOW + SECOND),
            queued(priority="low"),
            queued(reason="sequence_incomplete"),
            queued(agent_id="Paused_Agent"),
        ],
        message={"priority": "low"},
        read={"priority": "low"},
    ),
    Case(
        "an agent is paused",
        message={"agent_id": "paused_agent"},
        read={"agent_id": "paused_agent", "agent_group": "paused_agent", "paused": True},
    ),
    Case(
        "a part of a sequence that went on",
        [
            queued(status="sent", sequence_id=THE_SEQUENCE, sequence_position=1),
            *(
                queued(
                    status=status, sequence_id=THE_SEQUENCE, sequence_position=2, expects_reply=True, accepted_at=None
                )
                for status in ("failed", "cancelled", "expired", "superseded")
            ),
            queued(status="failed", sequence_id=id_of("another sequence"), expects_reply=True),
        ],
        message={"sequence_id": THE_SEQUENCE, "sequence_position": 2, "sequence_total": 2},
        read={"sequence_id": "a sequence", "sequence_total": 2, "continues": True},
    ),
    *(
        Case(
            f"a part of a sequence of which another part is {status}",
            [
                queued(status=status, sequence_id=id_of(f"{status} sequence"), sequence_position=1, expects_reply=True),
                queued(status="sent", sequence_id=id_of(f"{status} sequence"), accepted_at=None),
            ],
            message={"sequence_id": id_of(f"{status} sequence"), "sequence_position": 2, "sequence_total": 3},
            read={"sequence_id": f"{status} sequence", "sequence_total": 3, "broken": True, "asks": True},
        )
        for status in ("failed", "cancelled", "expired", "superseded")
    ),
    Case(
        "a question of another agent is open",
        [
            *(queued(status="sent", agent_id="coach", expects_reply=True) for _ in range(3)),
            queued(status="sent", agent_id="coach"),
            queued(status="sent", expects_reply=True),
            *(
                attempt(message_id=id_of(f"a question of another agent is open, row {row}"), started_at=NOW - ago)
                for row, ago in enumerate([90 * MINUTE, 60 * MINUTE, 2 * HOUR, 10 * MINUTE, 5 * MINUTE])
            ),
        ],
        message={"expects_reply": True},
        read={"asks": True, "question_at": NOW - HOUR},
    ),
    Case(
        "a question of another agent is open, and this is none",
        [
            queued(status="sent", agent_id="coach", expects_reply=True),
            attempt(message_id=id_of("a question of another agent is open, and this is none, row 0")),
        ],
    ),
    Case(
        "a question of two hours ago is not open any more",
        [
            queued(status="sent", agent_id="coach", expects_reply=True),
            attempt(
                message_id=id_of("a question of two hours ago is not open any more, row 0"), started_at=NOW - 2 * HOUR
            ),
        ],
        message={"expects_reply": True},
        read={"asks": True},
    ),
    Case(
        "a verdict on the newest text",
        [
            written(id=FIRST_ID, created_at=NOW),
            written(id=LAST_ID, created_at=NOW),
            written(created_at=NOW + SECOND),
            written(OTHER, created_at=NOW - SECOND),
            one_of("relevance", inbound_id=LAST_ID),
            one_of("relevance", inbound_id=LAST_ID, message_id=id_of("another message"), verdict="keep"),
        ],
        read={"last_inbound_at": NOW, "relevance": "stale", "judged_at": NOW - MINUTE},
    ),
    Case(
        "a verdict on an older text",
        [
            written(),
            written(created_at=NOW - SECOND),
            one_of("relevance", inbound_id=id_of("a verdict on an older text, row 0")),
        ],
        read={"last_inbound_at": NOW - SECOND},
    ),
    Case("a verdict, and no text", [one_of("relevance", inbound_id=id_of("a text of before"))]),
    Case("it was approved", [one_of("approvals", digest="d1")], read={"approved_digest": "d1"}),
    Case(
        "a reply, and replies that went",
        [
            written(created_at=NOW - HOUR),
            *(
                attempt(of, started_at=NOW - ago, reply_to=NOW - HOUR, local_date=day)
                for of, ago, day in [
                    (None, HOUR - SECOND, "2026-03-03"),
                    (SHARER, HOUR, "2026-03-03"),
                    (None, 25 * HOUR, "2026-03-02"),
                    (OTHER, MINUTE, "2026-03-03"),
                    (None, 26 * HOUR, "2026-03-02"),
                ]
            ),
            attempt(started_at=NOW - MINUTE, reply_to=NOW - 2 * HOUR),
            attempt(),
        ],
        message={"is_reply": True},
        read={
            "is_reply": True,
            "last_inbound_at": NOW - HOUR,
            "replies_to_text": 3,
            "replies_this_hour": 2,
            "replies_by_day": {"2026-03-03": 3, "2026-03-02": 1},
        },
    ),
    Case("no reply, and replies that went", [attempt(reply_to=NOW)]),
    Case(
        "an agent of its own publisher",
        [
            attempt(agent_group="publisher acme", agent_texts=2, started_at=NOW - HOUR + SECOND),
            attempt(agent_group="publisher acme", agent_texts=1, started_at=NOW - HOUR),
            attempt(agent_group="publisher other", agent_texts=1),
            attempt(agent_group="publisher ", agent_texts=1, started_at=NOW - MINUTE),
        ],
        message={"agent_id": "newcomer", "published_by": "acme"},
        read={
            "agent_id": "newcomer",
            "agent_group": "publisher acme",
            "agent_limit": 30,
            "agent_texts": [NOW - HOUR + SECOND] * 2,
        },
        of_person={"agent_group": "publisher ", "agent_texts": [NOW - MINUTE]},
    ),
    Case(
        "an agent with the settings of two prefixes",
        message={"agent_id": "Vip_1"},
        read={
            "agent_id": "Vip_1",
            "agent_group": "vip_",
            "agent_limit": None,
            "urgent_at_night": True,
            "needs_approval": True,
            "purpose": "marketing",
        },
    ),
    Case(
        "the agent of the system",
        message={"agent_id": "System"},
        read={"agent_id": "System", "agent_group": "system", "urgent_at_night": True},
    ),
    Case(
        "sequences of its agents wait for room",
        [
            waiting_sequence("busy_1", 5),
            waiting_sequence("BUSY_2", 4),
            waiting_sequence("busy_1", status="sent"),
            waiting_sequence("busy_1", sequence_position=2),
            waiting_sequence("busy_1", reason="quiet_hours"),
            waiting_sequence("busy_1", accepted_at=NOW - 2 * MINUTE + SECOND),
            waiting_sequence("busy_1", accepted_at=NOW - 2 * MINUTE, id=LAST_ID),
            waiting_sequence("adviser"),
            waiting_sequence("busy_1", message_data={"type": "paused type"}),
        ],
        message={"agent_id": "busy_1"},
        read={"agent_id": "busy_1", "agent_group": "busy_", "agent_limit": 1, "sequence_due": NOW + 4 * MINUTE},
    ),
    Case(
        "a sequence of its agents came at the same time",
        [waiting_sequence("same_1", status="approved", accepted_at=NOW - 2 * MINUTE, id=FIRST_ID)],
        message={"agent_id": "same_1"},
        read={"agent_id": "same_1", "agent_group": "same_", "agent_limit": 2, "sequence_due": NOW + MINUTE},
    ),
    Case(
        "an urgent message, and sequences of its agents",
        [waiting_sequence("calm_1"), waiting_sequence("calm_1", 2, priority="urgent")],
        message={"agent_id": "calm_1", "priority": "urgent"},
        read={
            "agent_id": "calm_1",
            "agent_group": "calm_",
            "agent_limit": 3,
            "priority": "urgent",
            "sequence_due": NOW + 2 * MINUTE,
        },
    ),
    Case(
        "the sequence that waits for room itself",
        message={"agent_id": "lone_1", "reason": "agent_limit", "sequence_position": 1},
        read={"agent_id": "lone_1", "agent_group": "lone_", "agent_limit": 4},
    ),
    Case(
        "a part of a sequence that asks, while a question of another agent is open",
        [
            queued(status="sending", sequence_id=id_of("asking sequence"), expects_reply=True),
            queued(status="sent", agent_id="coach", expects_reply=True),
            attempt(
                message_id=id_of("a part of a sequence that asks, while a question of another agent is open, row 1")
            ),
        ],
        message={"sequence_id": id_of("asking sequence"), "sequence_total": 2, "expects_reply": False},
        read={"sequence_id": "asking sequence", "sequence_total": 2, "asks": True, "question_at": NOW - 30 * MINUTE},
    ),
    Case(
        "agents without a limit",
        [waiting_sequence("free_1"), attempt(agent_group="free_", agent_texts=1)],
        message={"agent_id": "free_1"},
        read={"agent_id": "free_1", "agent_group": "free_"},
    ),
]


def test_what_is_read_of_a_message(world: World) -> None:
    put_cases(world.connection, MESSAGES)
    assert wrong_states(world.connection, MESSAGES) == {}


def test_what_is_read_before_a_message_is_stored(world: World) -> None:
    cases = [case for case in MESSAGES if not case.message.get("sequence_id")]
    put_cases(world.connection, cases)
    assert wrong_person_states(world.connection, cases) == {}


def test_what_is_read_where_nothing_is_known(world: World) -> None:
    case = Case("a text went", [attempt(phone_number=number_of(0))], read=NOTHING_KNOWN)
    put_cases(world.connection, [case], knows_all=False)
    assert wrong_states(world.connection, [case], names_sender=False) == {}
    assert wrong_person_states(world.connection, [case], names_sender=False) == {}
