"""What the rules know of questions that are open and of what a person wrote, beside texts that almost count."""

from typing import Any

from tests.rows_by_name import id_of
from tests.state_cases import (
    HOUR,
    MINUTE,
    NOW,
    OTHER,
    SECOND,
    Case,
    attempt,
    clear_attempts,
    put_cases,
    queued,
    reading,
    written,
    wrong_person_states,
    wrong_states,
)
from tests.world import World

# Attempts that count for no question: whose they are, and what is not as usual.
NOT_COUNTED: list[tuple[str | None, dict[str, Any]]] = [
    (of, {"holds_slot": holds, **own})
    for holds in (True, False)
    for of, own in [
        (OTHER, {}),
        *((None, own) for own in ({"outcome": "refused"}, {"undelivered_at": NOW}, {"started_at": NOW + SECOND})),
    ]
]
# What texts were taken for that are no conversation, by their row.
NO_CONVERSATION: dict[int, dict[str, Any]] = {
    4: {"kind": "help"},
    5: {"kind": "conversation", "opens_window": False},
    6: {"kind": "stop", "opens_window": False},
    7: {"kind": "start"},
    8: {"kind": "automatic"},
}
TEXTS = [
    *(
        Case(
            f"a question with outcome {outcome}, {slot}",
            [
                queued(status="sent", agent_id="coach", expects_reply=True),
                *(
                    attempt(of, message_id=id_of(f"a question with outcome {outcome}, {slot}, row 0"), **own)
                    for of, own in [
                        (None, {"started_at": NOW - HOUR, "outcome": outcome, "holds_slot": slot == "with a slot"}),
                        *NOT_COUNTED,
                    ]
                ),
            ],
            message={"expects_reply": True},
            read={
                "asks": True,
                "question_at": NOW - HOUR,
                "recent_sends": [NOW - 30 * MINUTE, NOW - 30 * MINUTE, NOW + SECOND],
            },
        )
        for outcome in (None, "accepted", "unknown")
        for slot in ("with a slot", "without a slot")
    ),
    *(
        Case(
            f"a question of two hours ago, {holds}",
            [
                queued(status="sent", agent_id="coach", expects_reply=True),
                attempt(
                    message_id=id_of(f"a question of two hours ago, {holds}, row 0"),
                    started_at=NOW - 2 * HOUR,
                    holds_slot=holds,
                ),
            ],
            message={"expects_reply": True},
            read={"asks": True},
        )
        for holds in (True, False)
    ),
    Case(
        "a question of now",
        [
            queued(status="sent", agent_id="coach", expects_reply=True),
            attempt(message_id=id_of("a question of now, row 0"), started_at=NOW),
        ],
        message={"expects_reply": True},
        read={"asks": True, "question_at": NOW},
    ),
    Case(
        "a question that is answered",
        [
            queued(status="sent", agent_id="coach", expects_reply=True),
            attempt(message_id=id_of("a question that is answered, row 0")),
            written(created_at=NOW - 30 * MINUTE + SECOND),
        ],
        message={"expects_reply": True},
        read={"asks": True, "last_inbound_at": NOW - 30 * MINUTE + SECOND},
    ),
    Case(
        "a question that came with a text, or after it",
        [
            queued(status="sent", agent_id="coach", expects_reply=True),
            attempt(message_id=id_of("a question that came with a text, or after it, row 0")),
            written(created_at=NOW - 30 * MINUTE),
            written(OTHER),
        ],
        message={"expects_reply": True},
        read={"asks": True, "last_inbound_at": NOW - 30 * MINUTE, "question_at": NOW - 30 * MINUTE},
    ),
    Case(
        "texts that do not count as conversation",
        [
            written(direction="outbound"),
            written(role="coach"),
            written(content=" start "),
            written(created_at=NOW + SECOND),
            *(written(created_at=NOW - MINUTE) for _ in range(5)),
            *(
                reading(inbound_id=id_of(f"texts that do not count as conversation, row {row}"), **own)
                for row, own in NO_CONVERSATION.items()
            ),
        ],
    ),
    Case(
        "a text that is read, and opened the window",
        [
            written(created_at=NOW),
            reading(inbound_id=id_of("a text that is read, and opened the window, row 0"), kind="conversation"),
        ],
        read={"last_inbound_at": NOW},
    ),
    Case(
        "a text that is not read yet, and opened no window",
        [
            written(created_at=NOW),
            reading(inbound_id=id_of("a text that is not read yet, and opened no window, row 0"), opens_window=False),
        ],
        read={"last_inbound_at": NOW, "has_unread_text": True},
    ),
]


def test_what_is_read_of_texts(world: World) -> None:
    put_cases(world.connection, TEXTS)
    assert wrong_states(world.connection, TEXTS) == {}
    assert wrong_person_states(world.connection, TEXTS) == {}
    clear_attempts(world.connection)
