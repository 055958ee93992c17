"""What functions of the database find: withdrawals, newer messages, groups, calls, and texts of other senders.

Each is called by a statement that uses it, on rows that count beside those that fail one condition.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection

from orchestrator.store.database import sql
from orchestrator.store.people import read_user
from tests.fated_rows import KEPT, Fate, FatedRows
from tests.rows_by_name import id_of

NOW = datetime(2026, 3, 3, 15, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ADA, BEN = UUID(int=1), UUID(int=2)
OWN = "orchestrator."


@pytest.fixture
def rows(connection: Connection) -> Iterator[FatedRows]:
    for user_id, phone in ((ADA, "+12125550101"), (BEN, "+12125550102")):
        connection.execute("INSERT INTO users (id, phone_number) VALUES (%s, %s)", (user_id, phone))
    rows = FatedRows(connection)
    yield rows
    assert rows.unexpected() == {}


def message(rows: FatedRows, situation: str, fate: Fate = KEPT, **columns: Any) -> UUID:
    given = {"user_id": ADA, "accepted_at": NOW, "published_at": NOW, "status": "queued", "lease_until": NOW}
    return rows.add("message_queue", situation, fate, **{**given, **columns})


# Withdrawals and newer messages ------------------------------------------------------------------------------------------


def test_a_message_is_cancelled_by_a_withdrawal_that_is_about_it(connection: Connection, rows: FatedRows) -> None:
    cancelled = {"status": "cancelled", "reason": "withdrawn", "lease_until": None}
    bound = "AROA1:one session"
    by_id: list[tuple[str, Fate, str | None, str]] = [
        ("of no publisher", cancelled, None, "AROA2"),
        ("by its publisher in another session", cancelled, bound, "AROA1:another session"),
        ("by another publisher", KEPT, bound, "AROA2:one session"),
    ]
    for situation, fate, publisher, by in by_id:
        withdrawn = message(rows, situation, fate, publisher=publisher)
        rows.add(f"{OWN}withdrawals", f"{situation}:", message_id=withdrawn, publisher=by, withdrawn_at=NOW - DAY)
    message(rows, "not withdrawn")
    by_topic: list[tuple[str, Fate, dict[str, Any], dict[str, Any]]] = [
        ("as it was published", cancelled, {}, {}),
        ("a second before", KEPT, {}, {"withdrawn_at": NOW - SECOND}),
        ("another person's topic", KEPT, {}, {"user_id": BEN}),
        ("another topic", KEPT, {}, {"topic": "x"}),
        ("its publisher's topic", cancelled, {"publisher": bound}, {"publisher": "AROA1:another session"}),
        ("another publisher's topic", KEPT, {"publisher": bound}, {"publisher": "AROA2:one session"}),
    ]
    for situation, fate, columns, withdrawal in by_topic:
        message(rows, situation, fate, topic=situation, **columns)
        given = {"user_id": ADA, "topic": situation, "withdrawn_at": NOW, **withdrawal}
        rows.add(f"{OWN}topic_withdrawals", f"{situation}:", **given)
    given = {
        "message_ids": [*(id_of(case[0]) for case in by_id), id_of("not withdrawn")],
        "user_ids": [ADA, BEN], "topics": [situation for situation, *_ in by_topic], "now": NOW,
    }  # fmt: skip
    connection.execute(sql("cancel_withdrawn_messages"), given)


class Topics:
    """Messages that wait, each with a topic of its own, and others that may supersede them."""

    def __init__(self, rows: FatedRows) -> None:
        self.rows = rows
        self.topics: list[str] = []

    def pair(
        self, situation: str, is_superseded: bool, newer: dict[str, Any], older: dict[str, Any] | None = None, *,
        why: str = "A newer message of the same topic took its place",
    ) -> None:  # fmt: skip
        """An older message, and one that is newer by a second but for what is named."""
        self.topics.append(situation)
        older_id, newer_id = id_of(situation), id_of(f"newer: {situation}")
        ended = {
            "status": "superseded", "reason": "superseded", "superseded_by_message_id": newer.get("id", newer_id),
            "superseded_reason": why, "lease_until": None,
        }  # fmt: skip
        fate: Fate = ended if is_superseded else KEPT
        message(self.rows, situation, fate, **{"id": older_id, "topic": situation, **(older or {})})
        given = {"topic": situation, "published_at": NOW + SECOND, "status": "sent", **newer}
        message(self.rows, f"newer: {situation}", **given)

    def supersede(self) -> None:
        ids = [id_of(prefix + topic) for topic in self.topics for prefix in ("", "newer: ")]
        given = {
            "user_id": [ADA] * len(self.topics), "topic": self.topics, "related_ids": ids, "message_ids": ids,
            "now": NOW,
        }  # fmt: skip
        self.rows.connection.execute(sql("supersede_messages"), given)


def test_a_message_is_superseded_by_what_is_newer_or_names_it(rows: FatedRows) -> None:
    topics = Topics(rows)
    pair = topics.pair
    for status in ("queued", "approved", "sending", "sent"):
        pair(f"newer, {status}", True, {"status": status})
    for status in ("failed", "cancelled", "superseded"):
        pair(f"newer, {status}", False, {"status": status})
    pair("newer, not ours", False, {"accepted_at": None})
    pair("newer, a sequence that is incomplete", False, {"reason": "sequence_incomplete", "status": "queued"})
    pair("newer, held", True, {"reason": "quiet_hours", "status": "sending"})
    pair("newer, of another person", False, {"user_id": BEN})
    pair("newer, of another topic", False, {"topic": "x"})
    pair("of the same time, with a smaller id", False, {"published_at": NOW, "id": UUID(int=1)})
    pair("of the same time, with a larger id", True, {"published_at": NOW, "id": UUID(int=2**128 - 1)})
    pair("older", False, {"published_at": NOW - SECOND})
    names = "Another message names it as the one that it replaces"
    of_another = {"topic": "x", "published_at": NOW - SECOND}
    pair(
        "an older one names it",
        True,
        {**of_another, "supersedes_message_id": id_of("an older one names it")},
        why=names,
    )
    of_ben = {**of_another, "supersedes_message_id": id_of("one of another person names it"), "user_id": BEN}
    pair("one of another person names it", False, of_ben)
    # Publishers.
    bound = {"publisher": "AROA1:one session"}
    pair("of the publisher in another session", True, {"publisher": "AROA1:another session"}, bound)
    pair("of another publisher", False, {"publisher": "AROA2:one session"}, bound)
    pair("of no publisher", False, {}, bound)
    pair("of a publisher, and of none", True, bound)
    topics.supersede()


def test_a_sequence_is_as_new_as_its_newest_part(rows: FatedRows) -> None:
    topics = Topics(rows)

    def sequence(situation: str, is_superseded: bool, newer: dict[str, Any], **last: Any) -> None:
        """A sequence whose last part was published two seconds after its first, and a message of three seconds after."""
        place = {"sequence_id": last.pop("sequence_id", id_of(f"sequence: {situation}")), "sequence_total": 2}
        older = {**place, "sequence_position": 1}
        topics.pair(situation, is_superseded, {"published_at": NOW + 3 * SECOND, **newer}, older)
        ended = {
            "status": "superseded", "reason": "superseded", "superseded_by_message_id": id_of(f"newer: {situation}"),
            "superseded_reason": "A newer message of the same topic took its place", "lease_until": None,
        }  # fmt: skip
        given = {**place, "sequence_position": 2, "published_at": NOW + 2 * SECOND, **last}
        is_ours = given.get("accepted_at", NOW) is not None
        message(rows, f"last: {situation}", ended if is_superseded and is_ours else KEPT, **given)

    between = {"published_at": NOW + SECOND}
    sequence("after its last part", True, {})
    sequence("between its parts", False, between)
    sequence("between its parts, of which the last is not ours", True, between, accepted_at=None)
    # At the same time the ids of the sequences decide, not those of the parts: all parts here have larger ones.
    for situation, older, number, is_superseded in (("a larger sequence", 1, 2, True), ("a smaller one", 4, 3, False)):
        newer = {"published_at": NOW + 2 * SECOND, "sequence_id": UUID(int=number), "sequence_position": 1}
        sequence(situation, is_superseded, newer, sequence_id=UUID(int=older))
    topics.supersede()


# Agents' groups, and the person of a number ------------------------------------------------------------------------------


def test_an_agent_counts_in_the_group_of_its_settings_or_of_its_publisher(connection: Connection) -> None:
    connection.execute(
        "INSERT INTO orchestrator.agents (prefix, hourly_limit) VALUES ('saga', 5), ('saga_free', NULL), ('saga_new_', 7);"
        "INSERT INTO orchestrator.known_agents VALUES ('old'), ('saga_old')"
    )
    expected = [
        ("Saga_1", "AROA1", "saga", 5),
        ("saga_free_1", "AROA1", "saga_free", None),
        ("saga_new", "AROA1", "saga", 5),
        ("saga_old", "AROA1", "saga", 5),
        ("Old", "AROA1", "old", None),
        ("old_1", "AROA1", "publisher AROA1", 3),
        ("new", None, "publisher ", 3),
    ]
    given = {
        "agent_ids": [agent for agent, *_ in expected], "publishers": [publisher for _, publisher, *_ in expected],
        "start_limit": 3, "now": NOW,
    }  # fmt: skip
    found = connection.execute(sql("read_agent_groups"), given).fetchall()
    assert [row[:4] for row in found] == expected


def test_a_number_that_people_share_belongs_to_the_one_who_was_texted_last(
    connection: Connection, rows: FatedRows
) -> None:
    expected: dict[str, UUID] = {}
    first, later = NOW, NOW + SECOND
    base: dict[str, Any] = {"outcome": "accepted", "started_at": later, "holds_slot": False}
    cases: list[tuple[str, bool, list[dict[str, Any]]]] = [
        ("a text", True, [base]),
        ("a text of an unknown outcome", True, [{**base, "outcome": "unknown"}]),
        ("a text under way", True, [{**base, "outcome": None}]),
        ("a text that was refused", False, [{**base, "outcome": "refused"}]),
        ("a text that holds a slot", True, [{**base, "holds_slot": True, "outcome": None}]),
        ("a text to another number", False, [{**base, "phone_number": "+12125550101"}]),
        ("a text to another number with a slot", False, [{**base, "holds_slot": True, "phone_number": "+12125550101"}]),
        ("texts before and after", True, [{**base, "started_at": first - SECOND}, base]),
        ("texts with a slot before and after", True, [{**base, "holds_slot": True, "started_at": at} for at in (later, first - SECOND)]),
        ("a text with a slot before and one without after", True, [base, {**base, "holds_slot": True, "started_at": first - SECOND}]),
        ("no text", False, []),
    ]  # fmt: skip
    for number, (situation, is_second, texts) in enumerate(cases, 110):
        phone = f"+12125550{number}"
        one, two = UUID(int=1000 + number), UUID(int=2000 + number)
        rows.add("users", f"one: {situation}", id=one, phone_number=phone)
        rows.add("users", f"two: {situation}", id=two, phone_number=f"(212) 555-0{number}")
        sent = {"user_id": one, "phone_number": phone, "started_at": first, "outcome": "accepted"}
        rows.add(f"{OWN}attempts", f"to one: {situation}", **sent)
        for place, text in enumerate(texts):
            rows.add(
                f"{OWN}attempts", f"to two, {place}: {situation}", **{"user_id": two, "phone_number": phone, **text}
            )
        expected[phone] = two if is_second else one
    found = connection.execute(sql("find_people_by_number"), {"numbers": list(expected)}).fetchall()
    assert {phone: person for phone, person, _ in found} == expected


# Calls to Claude, and texts of other senders -----------------------------------------------------------------------------


def test_the_costs_are_those_of_our_calls(connection: Connection, rows: FatedRows) -> None:
    ours = {"agent_type": "message_orchestrator", "action_type": "render_message", "created_at": NOW, "cost_usd": 1}
    detail = {"agent_id": "saga", "cached_tokens": 3, "outcome": "sent"}
    full = {**ours, "model_used": "m", "input_tokens": 2, "output_tokens": 4, "output_data": detail, "error": "e"}
    for situation, columns in (
        ("full", full),
        ("another's", {**ours, "agent_type": "concierge"}),
        ("a second before", {**ours, "created_at": NOW - SECOND}),
        ("a delivery error", {**ours, "action_type": "delivery_error"}),
        ("a verdict of a call", {**ours, "output_data": {"outcome": "verdict"}}),
        ("bare", {**ours, "action_type": "relevance_check", "cost_usd": None}),
        ("of before the change of names", {**ours, "action_type": "check_relevance", "cost_usd": 5}),
    ):
        rows.add("agent_actions_log", situation, **columns)
    assert connection.execute(sql("read_claude_costs"), {"since": NOW}).fetchall() == [
        (NOW.date(), "check_relevance", "", "", 2, 0, 0, 0, 0, 5),
        (NOW.date(), "render_message", "saga", "m", 1, 1, 2, 3, 4, 1),
    ]
    # Each of the two checks judged one message, which is what a call without a number of messages stands for.
    savings = connection.execute(sql("read_savings"), {"since": NOW}).fetchall()
    assert savings == [
        ("batching", 0, Decimal("2.5")),
        ("remembered verdicts", 0, Decimal("2.5")),
        ("verbatim texts", 0, 0),
    ]


def test_texts_of_other_senders_count_for_an_hour_by_their_traces(connection: Connection, rows: FatedRows) -> None:
    rows.add("conversations", "talk", user_id=ADA)
    recent, old = NOW - HOUR + SECOND, NOW - HOUR
    traced = {"twilio_message_sid": "SM1"}
    cases: list[tuple[str, bool, dict[str, Any]]] = [
        *((status, True, {"status": status}) for status in ("sent", "delivered", "queued_for_send")),
        *((f"{status}", False, {"status": status}) for status in ("pending", "queued", "failed", None)),
        *((f"{status} with an id", status != "failed", {"status": status, **traced}) for status in ("pending", "failed", None)),
        ("pending with a time", True, {"status": "pending", "sent_at": NOW}),
        ("left alone", True, {"status": "pending"}),
        ("failed and left alone", False, {"status": "failed"}),
        ("inbound", False, {"direction": "inbound"}),
        ("written an hour ago", False, {"created_at": old}),
        ("written nearly an hour ago", True, {"created_at": recent}),
        ("written long ago and sent now", True, {"created_at": old, "sent_at": recent}),
        ("written now and sent long ago", False, {"created_at": recent, "sent_at": old}),
        ("one of our attempts", False, {}),
        ("a message of our attempts", False, {}),
    ]  # fmt: skip
    for number, (situation, _, columns) in enumerate(cases, 110):
        user_id = rows.add("users", f"person: {situation}", phone_number=f"+12125550{number}", external_id=situation)
        given = {"user_id": user_id, "conversation_id": id_of("talk"), "created_at": NOW, "status": "sent"}
        rows.add("messages", situation, **{**given, **columns})
    for situation in ("left alone", "failed and left alone"):
        rows.add(f"{OWN}left_alone", f"row: {situation}", message_id=id_of(situation))
    attempt = {"user_id": BEN, "holds_slot": False}
    rows.add(f"{OWN}attempts", "ours", id=id_of("one of our attempts"), **attempt)
    rows.add(f"{OWN}attempts", "ours, as well", message_id=id_of("a message of our attempts"), **attempt)
    found = {name: read_user(connection, name, NOW).sent_this_hour for name, *_ in cases}
    assert found == {situation: int(counts) for situation, counts, _ in cases}


# Triggers ----------------------------------------------------------------------------------------------------------------


def test_limits_of_a_budget_row_made_ahead_follow_those_of_the_day(connection: Connection, rows: FatedRows) -> None:
    today = NOW.date()
    limits: dict[str, Any] = {"daily_limit": 10, "hourly_limit": 2, "quiet_hours_enabled": True}
    changed = {"daily_limit": 3, "hourly_limit": 1, "quiet_hours_enabled": False}
    made_ahead = datetime(2026, 3, 3, 23, 59, 59, tzinfo=UTC)

    nothing: dict[str, Any] = dict.fromkeys(limits)

    def row(situation: str, fate: Fate, days: int = 1, user_id: UUID = ADA, **columns: Any) -> None:
        given = {"user_id": user_id, "date": today + timedelta(days=days), "created_at": made_ahead, **limits}
        rows.add("user_message_budget", situation, fate, **{**given, **columns})

    row("today", changed, 0)
    row("tomorrow, made ahead", changed)
    row("yesterday", KEPT, -1)
    row("another person's tomorrow", KEPT, user_id=BEN)
    people = [rows.add("users", f"person {n}", phone_number=f"+1212555011{n}") for n in range(6)]
    row("today of one whose tomorrow was made in time", changed, 0, people[0])
    row("tomorrow, made in time", KEPT, user_id=people[0], created_at=made_ahead + SECOND)
    own: dict[str, Any] = {"daily_limit": 7, "hourly_limit": 9, "quiet_hours_enabled": None}
    for number, (name, other) in enumerate(own.items(), 1):
        row(f"today of one with their own {name}", changed, 0, people[number])
        fate = {column: value for column, value in changed.items() if column != name}
        row(f"tomorrow with its own {name}", fate, user_id=people[number], **{name: other})
    row("today of one without a row of tomorrow", changed, 0, people[5])
    row("the day after", KEPT, 2, people[5])
    row("today without limits", changed, 0, people[4], **nothing)
    row("tomorrow without limits", changed, user_id=people[4], **nothing)
    connection.execute(
        "UPDATE user_message_budget SET daily_limit = 3, hourly_limit = 1, quiet_hours_enabled = false"
        " WHERE date = %s AND user_id <> %s",
        (today, BEN),
    )


@pytest.mark.parametrize(
    "change",
    [
        "id = gen_random_uuid()", "at = now()", "operator = 'x'", "database_role = 'x'", "action = 'y'", "user_id = NULL",
        "target = 'x'", "change = '{\"x\": 1}'", "reason = 'x'",
    ],
)  # fmt: skip
def test_an_action_of_an_operator_is_only_emptied(connection: Connection, rows: FatedRows, change: str) -> None:
    rows.add(f"{OWN}operator_actions", "an action", {"target": "forgotten"}, user_id=ADA)
    emptied = "UPDATE orchestrator.operator_actions SET target = 'forgotten', change = '{}', reason = NULL"
    column, _, _ = change.partition(" ")
    rest = ", ".join(part for part in emptied.partition(" SET ")[2].split(", ") if not part.startswith(column))
    with pytest.raises(psycopg.errors.RestrictViolation):
        connection.execute(f"UPDATE orchestrator.operator_actions SET {rest}, {change}".encode())
    with pytest.raises(psycopg.errors.RestrictViolation):
        connection.execute("DELETE FROM orchestrator.operator_actions")
    connection.execute(emptied.encode())
