"""What Claude is asked about waiting messages: whose texts and which messages, beside rows that almost belong to it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg.rows import dict_row

from orchestrator.rules.keywords import NOT_CONVERSATION
from orchestrator.store.database import sql
from tests.rows_by_name import differing, id_of, name_of, number_of, put
from tests.state_cases import HOUR, MINUTE, NOW, SECOND, USUAL
from tests.world import World

OUR_FIRST, OUR_LAST = UUID(int=3), UUID(int=2**128 - 2)
FIRST_ID, SECOND_ID, LAST_ID = UUID(int=1), UUID(int=2), UUID(int=2**128 - 1)
ASKED, IDLE, SILENT, UNASKED = "asked", "idle", "silent", "not asked for"
NEWEST = NOW - MINUTE
# What the person of `ASKED` wrote, and others: id, minutes ago, and columns that are not as usual. Two are read.
TEXTS: list[tuple[str | UUID, timedelta, dict[str, Any]]] = [
    ("newest text", MINUTE, {}),
    (FIRST_ID, 2 * MINUTE, {}),
    (LAST_ID, 2 * MINUTE, {}),
    ("oldest text", 9 * MINUTE, {}),
    ("text of another", SECOND, {"user_id": id_of(IDLE), "content": "An idle text"}),
    (SECOND_ID, SECOND, {"user_id": id_of(IDLE), "content": "An idle text"}),
    ("text of a person not asked for", MINUTE, {"user_id": id_of(UNASKED)}),
    ("text to come", -SECOND, {}),
    ("STOP", SECOND, {"content": "Stop"}),
]
# Our texts: when the attempt began, whether it holds a slot, when the row was written, and what is not as usual. Three of
# each half are looked at, and three of all are read.
OURS: list[tuple[str | UUID, timedelta, bool, timedelta, dict[str, Any]]] = [
    (OUR_LAST, MINUTE, True, 4 * MINUTE, {}),
    ("with a slot, second", 20 * MINUTE, True, 20 * MINUTE, {}),
    ("with a slot, third", 30 * MINUTE, True, 2 * MINUTE + SECOND, {}),
    ("with a slot, fourth", 40 * MINUTE, True, SECOND, {}),
    (OUR_FIRST, MINUTE, False, 4 * MINUTE, {}),
    ("without a slot, second", 15 * MINUTE, False, 15 * MINUTE, {}),
    ("without a slot, third", 25 * MINUTE, False, 3 * MINUTE, {}),
    ("without a slot, fourth", 35 * MINUTE, False, SECOND, {}),
    ("with a slot, after the text", MINUTE - SECOND, True, SECOND, {}),
    ("without a slot, after the text", MINUTE - SECOND, False, SECOND, {}),
    ("with a slot, not sent", 2 * MINUTE, True, SECOND, {"twilio_message_sid": None}),
    ("without a slot, not sent", 2 * MINUTE, False, SECOND, {"twilio_message_sid": None}),
    ("with a slot, to another", MINUTE, True, SECOND, {"user_id": id_of(SILENT)}),
    ("without a slot, to another", MINUTE, False, SECOND, {"user_id": id_of(SILENT)}),
]
# Waiting messages: when they were accepted, and what is not as usual. Three are asked about.
MESSAGES: list[tuple[str | UUID, timedelta, dict[str, Any]]] = [
    (LAST_ID, MINUTE + SECOND, {}),
    (SECOND_ID, MINUTE + SECOND, {}),
    (FIRST_ID, MINUTE + SECOND, {"expires_at": NOW + SECOND, "reason": "quiet_hours"}),
    ("oldest message", HOUR, {"status": "approved", "topic": "news", "final_message": "Words", "sequence_position": 1}),
    ("judged message", HOUR, {}),
    ("message of another", HOUR, {"user_id": id_of(SILENT)}),
    ("not accepted", HOUR, {"accepted_at": None}),
    ("sending", HOUR, {"status": "sending"}),
    ("needs no context", HOUR, {"requires_fresh_context": False}),
    ("accepted with the text", SECOND, {"user_id": id_of(IDLE)}),
    ("second part", HOUR, {"sequence_position": 2}),
    ("late", HOUR, {"expires_at": NOW}),
    ("incomplete", HOUR, {"reason": "sequence_incomplete"}),
]
QUESTION = {"agent_id": "adviser", "data": {"type": "note"}, "words": None, "topic": None}
AT_ONCE = {**QUESTION, "queued_at": "2026-03-03T14:58:59+00:00"}
OLDEST = {"words": "Words", "topic": "news", "queued_at": "2026-03-03T14:00:00+00:00"}
QUESTIONS = [
    {**QUESTION, "message_id": str(id_of("oldest message")), **OLDEST},
    {**AT_ONCE, "message_id": str(FIRST_ID)},
    {**AT_ONCE, "message_id": str(SECOND_ID)},
]
CONVERSATION = [
    {"text": f"ours {OUR_LAST}", "at": "2026-03-03T14:56:00+00:00", "from_person": False},
    {"text": "ours without a slot, third", "at": "2026-03-03T14:57:00+00:00", "from_person": False},
    {"text": "ours with a slot, third", "at": "2026-03-03T14:57:59+00:00", "from_person": False},
    {"text": str(LAST_ID), "at": "2026-03-03T14:58:00+00:00", "from_person": True},
    {"text": "newest text", "at": "2026-03-03T14:59:00+00:00", "from_person": True},
]
IDLE_TEXT = [{"text": "An idle text", "at": "2026-03-03T14:59:59+00:00", "from_person": True}] * 2


def named(name: str | UUID) -> UUID:
    return id_of(name) if isinstance(name, str) else name


def put_rows(world: World) -> None:
    people = [
        {"id": id_of(name), "phone_number": number_of(n)} for n, name in enumerate((ASKED, IDLE, SILENT, UNASKED))
    ]
    put(world.connection, "users", people)
    talk = {"id": id_of("talk"), "user_id": id_of(ASKED), "phone_number": number_of(0)}
    put(world.connection, "conversations", [talk])
    of_talk = {"user_id": id_of(ASKED), "conversation_id": id_of("talk")}
    texts = [
        USUAL["messages"] | of_talk | {"id": named(name), "content": str(name), "created_at": NOW - ago, **own}
        for name, ago, own in TEXTS
    ]
    ours = [
        {"id": named(name), "content": f"ours {name}", "created_at": NOW - ago, "twilio_message_sid": str(name)}
        | of_talk
        | {"role": "coach", "direction": "outbound", "status": "sent"}
        for name, _, _, ago, _ in OURS
    ]
    blank = ours[0] | {"id": id_of("blank"), "content": "", "created_at": NOW}
    put(
        world.connection,
        "messages",
        [*texts, *({"twilio_message_sid": None, "status": None, **row} for row in ours), blank],
    )
    attempts = [
        USUAL["orchestrator.attempts"]
        | of_talk
        | {"id": named(name), "message_id": named(name)}
        | {"started_at": NOW - ago, "holds_slot": holds, "twilio_message_sid": str(name), **own}
        for name, ago, holds, _, own in OURS
    ]
    put(world.connection, "orchestrator.attempts", attempts)
    messages = [
        USUAL["message_queue"]
        | {"id": named(name), "user_id": id_of(ASKED), "requires_fresh_context": True}
        | {"accepted_at": NOW - ago, **own}
        for name, ago, own in MESSAGES
    ]
    put(world.connection, "message_queue", messages)
    verdicts = [("judged message", "newest text"), ("oldest message", "oldest text")]
    put(
        world.connection,
        "orchestrator.relevance",
        [USUAL["orchestrator.relevance"] | {"message_id": id_of(m), "inbound_id": id_of(t)} for m, t in verdicts],
    )


@pytest.mark.parametrize("also_idle", [False, True])
def test_what_is_asked(world: World, also_idle: bool) -> None:
    put_rows(world)
    with world.connection.cursor(row_factory=dict_row) as cursor:
        read = cursor.execute(
            sql("read_relevance_questions"),
            {
                "user_ids": [id_of(ASKED), id_of(IDLE), id_of(SILENT)],
                "not_conversation": NOT_CONVERSATION,
                "now": NOW,
                "texts": 2,
                "our_texts": 3,
                "messages": 3,
                "also_idle": also_idle,
            },
        ).fetchall()
    rows = {name_of(row.pop("user_id")): row | {"text_ids": sorted(map(str, row["text_ids"]))} for row in read}
    asked = {
        "inbound_id": "newest text",
        "texts": CONVERSATION,
        "text_ids": sorted([str(LAST_ID), str(id_of("newest text"))]),
        "messages": QUESTIONS,
    }
    text_ids = sorted([str(SECOND_ID), str(id_of("text of another"))])
    idle = {"inbound_id": "text of another", "texts": IDLE_TEXT, "text_ids": text_ids, "messages": None}
    assert differing(rows, {ASKED: asked} | ({IDLE: idle} if also_idle else {})) == {}
    assert len(read) == len(rows)
