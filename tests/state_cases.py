"""Cases of what the rules know of a message and its person: rows that count, beside rows that almost count."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from orchestrator.rules.keywords import NOT_CONVERSATION
from orchestrator.store.database import sql
from orchestrator.store.stored_statements import read_statement
from tests.rows_by_name import columns_of, id_of, name_of, number_of, put
from tests.world import TUESDAY_10_IN_NEW_YORK

NOW, TODAY = TUESDAY_10_IN_NEW_YORK, date(2026, 3, 3)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
# Whose a row is, where it is not the case's own person's. SHARER has the same number, spelled in another way.
SHARER, OTHER = "the one who shares the phone", "another person"
# A row: its table, whose it is, and its columns.
Row = tuple[str, str | None, dict[str, Any]]


@dataclass
class Case:
    """A person with a message in question, and the rows beside it.

    Attributes:
        message, user: columns of the message and of the person.
        read: what is read of the message that `PLAIN` has otherwise.
        of_person: what is read otherwise where the message is not stored.
    """

    name: str
    rows: Sequence[Row] = ()
    message: Mapping[str, Any] = field(default_factory=dict)
    user: Mapping[str, Any] = field(default_factory=dict)
    read: Mapping[str, Any] = field(default_factory=dict)
    of_person: Mapping[str, Any] = field(default_factory=dict)


# What is read of a message that has nothing set, for a person about whom nothing is known.
PLAIN: dict[str, Any] = {
    **dict.fromkeys(
        [
            "final_message",
            "words_source",
            "words_on",
            "not_before",
            "best_at",
            "sequence_id",
            "sequence_total",
            "superseded_by",
            "question_at",
            "approved_digest",
            "agent_limit",
            "sequence_due",
            "unreachable_until",
            "first_name",
            "timezone",
            "law_place",
            "quiet_hours_start",
            "quiet_hours_end",
            "response_pattern",
            "learned",
            "sure",
            "daily_limit",
            "hourly_limit",
            "quiet_hours_enabled",
            "sent_by_day",
            "texted_at",
            "last_inbound_at",
            "judged_at",
            "active_texts_by_day",
            "replies_by_day",
        ]
    ),
    **dict.fromkeys(
        [
            "requires_fresh_context",
            "withdrawn",
            "higher_is_due",
            "is_reply",
            "allow_repeat",
            "asks",
            "urgent_at_night",
            "needs_approval",
            "has_consent",
            "revoked",
            "inbound_unread",
            "has_unread_text",
            "number_is_dead",
            "continues",
            "broken",
            "off",
            "opted_out",
            "paused",
        ],
        False,
    ),
    **{name: [] for name in ("agent_texts", "recent_sends", "planned_sends", "law_sends")},
    **dict.fromkeys(
        ["tries", "texts_while_active", "active_texts_this_hour", "replies_to_text", "replies_this_hour"], 0
    ),
    "agent_id": "adviser",
    "agent_group": "adviser",
    "message_data": {"type": "note"},
    "priority": "high",
    "can_delay": True,
    "due": NOW - MINUTE,
    "expires_at": NOW + DAY,
    "accepted_at": NOW - 2 * MINUTE,
    "purpose": "informational",
    "country_pauses": {"US": "2026-03-03T16:00:00+00:00"},
    "population": b"\x01",
    "stops": b"\x02",
    "relevance": "unasked",
    "claude_usd_today": Decimal("0.75"),
}
# What is read otherwise where nothing is known that belongs to no person.
NOTHING_KNOWN: dict[str, Any] = {
    **dict.fromkeys(("country_pauses", "population", "stops")),
    "claude_usd_today": Decimal(0),
    "agent_group": "publisher ",
    "agent_limit": 30,
}
# What a row has unless its case says otherwise.
USUAL: dict[str, dict[str, Any]] = {
    "message_queue": {
        "agent_id": "adviser",
        "message_data": {"type": "note"},
        "priority": "high",
        "status": "queued",
        "scheduled_for": NOW - MINUTE,
        "accepted_at": NOW - 2 * MINUTE,
        "expires_at": NOW + DAY,
        "published_at": NOW - 2 * MINUTE,
    },
    "orchestrator.attempts": {
        "phone_number": "+13475550190",  # not theirs any more
        "fingerprint": "",
        "local_date": TODAY,
        "holds_slot": False,
        "started_at": NOW - 30 * MINUTE,
        "outcome": "accepted",
        "active_texts": 0,
        "law_texts": 0,
    },
    "messages": {"direction": "inbound", "role": "user", "content": "Hm", "created_at": NOW - 5 * MINUTE},
    "orchestrator.readings": {"kind": "unjudged", "received_at": NOW, "opens_window": True},
    "orchestrator.consents": {
        "purpose": "informational",
        "is_given": True,
        "at": NOW - HOUR,
        "source": "test",
        "recorded_by": "test",
        "recorded_at": NOW,
    },
    "orchestrator.opt_outs": {"source": "test", "opted_out_at": NOW - HOUR},
    "orchestrator.withdrawals": {"publisher": "test", "withdrawn_at": NOW},
    "orchestrator.relevance": {"verdict": "stale", "why": "", "judged_at": NOW - MINUTE, "reused": 0},
    "orchestrator.numbers": {"changed_at": NOW, "failures": 0},
    "orchestrator.answer_hours": {
        **{name: [] for name in ("hours", "texts", "answers")},
        **dict.fromkeys(["all_texts", "all_answers", "all_stops", "week_texts", "week_answers", "week_stops"], 0),
    },
    "orchestrator.approvals": {"approved_at": NOW},
}


def attempt(of: str | None = None, **columns: Any) -> Row:
    return "orchestrator.attempts", of, columns


def queued(of: str | None = None, **columns: Any) -> Row:
    return "message_queue", of, columns


def written(of: str | None = None, **columns: Any) -> Row:
    return "messages", of, columns


def reading(of: str | None = None, **columns: Any) -> Row:
    return "orchestrator.readings", of, columns


def consent(of: str | None = None, **columns: Any) -> Row:
    return "orchestrator.consents", of, columns


def opt_out(of: str | None = None, **columns: Any) -> Row:
    return "orchestrator.opt_outs", of, columns


def budget(day: int, sent: int | None, of: str | None = None, **columns: Any) -> Row:
    return "user_message_budget", of, {"date": TODAY + timedelta(days=day), "messages_sent": sent, **columns}


def one_of(table: str, **columns: Any) -> Row:
    return f"orchestrator.{table}", None, columns


def put_cases(connection: Connection, cases: Iterable[Case], *, knows_all: bool = True) -> None:
    """Insert the people of these cases, their messages and the rows beside them.

    A row belongs to the message in question, to its person and to their number, unless it says otherwise. What belongs
    to no person is there only with `knows_all`.
    """
    if knows_all:
        _put_what_is_of_no_person(connection)
    tables: dict[str, list[Mapping[str, object]]] = defaultdict(list, users=[])
    strange = number_of(999)
    put(connection, "users", [{"id": id_of(OTHER), "phone_number": strange}])
    put(connection, "conversations", [{"id": id_of("talk"), "user_id": id_of(OTHER), "phone_number": strange}])
    not_read: list[tuple[str, dict[str, object]]] = [
        ("not approved", {"status": "queued"}),
        ("not accepted", {"accepted_at": None}),
    ]
    for name, own in not_read:
        usual: dict[str, object] = {"id": id_of(name), "user_id": id_of(OTHER), "status": "approved"}
        tables["message_queue"].append(USUAL["message_queue"] | usual | own)
    for place, case in enumerate(cases):
        number = number_of(place)
        sharer = f"{case.name}, {SHARER}"
        tables["users"].append({"id": id_of(case.name), "phone_number": number, **case.user})
        spelling = f"({number[2:5]}) {number[5:8]}-{number[8:]}"
        tables["users"].append({"id": id_of(sharer), "phone_number": spelling})
        message = {"id": id_of(f"{case.name}, message"), "user_id": id_of(case.name), "status": "approved"}
        tables["message_queue"].append(USUAL["message_queue"] | message | {**case.message})
        people = {None: id_of(case.name), SHARER: id_of(sharer), OTHER: id_of(OTHER)}
        for index, (table, of, columns) in enumerate(case.rows):
            row_id = id_of(f"{case.name}, row {index}")
            of_case = {
                "id": row_id,
                "inbound_id": row_id,
                "message_id": row_id if table == "orchestrator.attempts" else message["id"],
                "user_id": people[of],
                "phone_number": number,
                "conversation_id": id_of("talk"),
            }
            known = {name: value for name, value in of_case.items() if name in columns_of(connection, table)}
            tables[table].append(known | USUAL.get(table, {}) | columns)
    for table, rows in tables.items():
        put(connection, table, rows)


def _put_what_is_of_no_person(connection: Connection) -> None:
    put(
        connection,
        "orchestrator.agents",
        [
            {"prefix": "vip", "hourly_limit": 9, "urgent_at_night": False, "purpose": "transactional"},
            {"prefix": "vip_", "urgent_at_night": True, "needs_approval": True, "purpose": "marketing"},
            {"prefix": "busy_", "hourly_limit": 1},
            {"prefix": "same_", "hourly_limit": 2},
            {"prefix": "calm_", "hourly_limit": 3},
            {"prefix": "lone_", "hourly_limit": 4},
            {"prefix": "free_"},
        ],
        may_use_urgent=True,
        needs_approval=False,
        purpose="informational",
    )
    known = ("adviser", "system", "coach", "paused_agent")
    put(connection, "orchestrator.known_agents", [{"agent_id": agent} for agent in known])
    put(
        connection,
        "orchestrator.pauses",
        [
            {"scope": "country", "value": "US", "ends_at": NOW + HOUR},
            {"scope": "country", "value": "CA", "ends_at": NOW},
            {"scope": "agent", "value": "paused_agent", "ends_at": NOW + SECOND},
            {"scope": "type", "value": "paused type", "ends_at": NOW + SECOND},
        ],
        paused_at=NOW,
    )
    spent = [{"day": day, "cost_usd": usd} for day, usd in [("2026-03-02", 4), ("2026-03-03", 0.75), ("2026-03-04", 5)]]
    put(connection, "orchestrator.spending", spent, texts=0, segments=0, twilio_usd=0)
    curves = {"only_row": True, "curves": {}, "hours": "\\x01", "stops": "\\x02", "texts": 0, "people": 0}
    put(connection, "orchestrator.answer_curves", [{**curves, "fitted_at": NOW}])


def clear_attempts(connection: Connection) -> None:
    """Delete the attempts, among which are some that hold a slot though they were refused: only a fault leaves such rows."""
    connection.execute("DELETE FROM orchestrator.attempts")


# What is asked for beside the messages and the people.
ASKED = {
    "now": NOW,
    "agent_start_limit": 30,
    "not_conversation": NOT_CONVERSATION,
    "fresh_for": 3 * MINUTE,
    "read_after_gap": 4 * MINUTE,
    "law_period": 7 * DAY,
    "names_sender": True,
    "question_holds_for": 2 * HOUR,
}
# What is not read where no message is stored, or read otherwise: no rows are an empty object.
NO_MESSAGE: dict[str, object] = {
    "approved_digest": None,
    "replies_to_text": 0,
    "replies_this_hour": 0,
    "replies_by_day": {},
}
OBJECTS = ("sent_by_day", "active_texts_by_day", "country_pauses")


def wrong_states(
    connection: Connection, cases: Sequence[Case], **asked: object
) -> dict[str, list[dict[str, tuple[object, object]]]]:
    """The cases of which the message is not read as it should: what is read, and what should be."""
    message_ids = [id_of("not approved"), id_of("not accepted"), *(id_of(f"{case.name}, message") for case in cases)]
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(sql("read_state"), {**ASKED, **asked, "message_ids": message_ids}).fetchall()
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[name_of(row["user_id"])].append(row)
    wrong = {case.name: [_wrong(row, expected) for row in found.pop(case.name, [])] for case, expected in _all(cases)}
    return {name: rows for name, rows in {**wrong, **found}.items() if rows != [{}]}


def wrong_person_states(
    connection: Connection, cases: Sequence[Case], **asked: object
) -> dict[str, dict[str, tuple[object, object]]]:
    """The cases of which the person is not read as they should: what is read, and what should be."""
    questions, wanted = [], {}
    for case, expected in _all(cases):
        message = USUAL["message_queue"] | {"topic": None} | {**case.message}
        questions.append(
            {
                "user_id": id_of(case.name),
                "agent_id": message["agent_id"],
                "topic": message["topic"],
                "lane": message["priority"],
                "type": message["message_data"]["type"],
                "asks": expected["asks"],
            }
        )
        objects = {name: expected[name] or {} for name in OBJECTS}
        wanted[case.name] = expected | NO_MESSAGE | objects | {**case.of_person}
    # For all cases at once, because planning it takes longer than executing it.
    of_case = re.sub(r"%\((user_id|agent_id|topic|lane|type|asks)\)s", r"asked.\1", read_statement("read_person_state"))
    statement = (
        "SELECT read.* FROM jsonb_to_recordset(%(asked)s) AS asked"
        " (user_id uuid, agent_id text, topic text, lane text, type text, asks boolean)"
        f" CROSS JOIN LATERAL ({of_case}) read"
    )
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            statement.encode(), {**ASKED, **asked, "asked": json.dumps(questions, default=str)}
        ).fetchall()
        assert cursor.execute(sql("read_person_state"), {**ASKED, **asked, **questions[0]}).fetchall() == rows[:1]
    wrong = {name_of(row["user_id"]): _wrong(row, wanted.pop(name_of(row["user_id"]))) for row in rows}
    return {name: row for name, row in {**wrong, **wanted}.items() if row}


def _all(cases: Sequence[Case]) -> Iterable[tuple[Case, dict[str, Any]]]:
    """Each case with all that should be read of it."""
    for place, case in enumerate(cases):
        of_case = {"user_id": case.name, "message_id": f"{case.name}, message", "phone_number": number_of(place)}
        yield case, of_case | PLAIN | {**case.read}


def _wrong(read: Mapping[str, Any], expected: Mapping[str, Any]) -> dict[str, tuple[object, object]]:
    # Times have no order.
    in_names = {name: sorted(value) if isinstance(value, list) else name_of(value) for name, value in read.items()}
    return {name: (value, expected[name]) for name, value in in_names.items() if value != expected[name]}
