"""What the history of a message names, and which rows are left to an old sender: each row beside those that are not."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from orchestrator.rules.number_check import ASKED_EVERY
from orchestrator.store.database import sql
from tests.fated_rows import FatedRows
from tests.integration.test_old_senders import FUNCTION, TRIGGER
from tests.rows_by_name import id_of

ACCEPTED = datetime(2026, 3, 3, 15, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
ENDED = ACCEPTED + HOUR
ADA, BEN = UUID(int=1), UUID(int=2)
HERS = "+12125550101"
OWN = "orchestrator."


@pytest.fixture
def rows(connection: Connection) -> FatedRows:
    for user_id, phone in ((ADA, "(212) 555-0101"), (BEN, "+12125550102")):
        connection.execute("INSERT INTO users (id, phone_number) VALUES (%s, %s)", (user_id, phone))
    rows = FatedRows(connection)
    for name, user_id in (("talk", ADA), ("talk of Ben", BEN)):
        rows.add("conversations", name, user_id=user_id)
    return rows


def message(rows: FatedRows, situation: str, **columns: Any) -> UUID:
    given = {"user_id": ADA, "accepted_at": ACCEPTED, "published_at": ACCEPTED, "status": "queued"}
    return rows.add("message_queue", situation, **{**given, **columns})


# What operators did ------------------------------------------------------------------------------------------------------


class Actions:
    """Actions of operators, of which the message `hers` has some in its history."""

    def __init__(self, rows: FatedRows) -> None:
        self.rows = rows
        self.targets = ["everything"]
        self.expected: list[tuple[datetime, UUID, str]] = []

    def act(self, situation: str, action: str, target: object, at: datetime, *, is_named: bool, **columns: Any) -> None:
        given = {"action": action, "target": str(target), "at": at, "reason": situation, **columns}
        action_id = self.rows.add(f"{OWN}operator_actions", situation, **given)
        if is_named:
            self.expected.append((at, action_id, situation))

    def of(self, message_id: UUID) -> list[str]:
        given = {"message_id": message_id, "pause_targets": self.targets}
        found = self.rows.connection.execute(sql("read_history_actions"), given).fetchall()
        return [reason for *_, reason in found]


def test_the_history_names_what_operators_did_to_the_message(connection: Connection, rows: FatedRows) -> None:
    actions = Actions(rows)
    act, at = actions.act, ACCEPTED + SECOND
    sequence = {"sequence_id": id_of("sequence")}
    hers = message(rows, "hers", **sequence)
    part, part_of_another = message(rows, "part", **sequence), message(rows, "not ours", accepted_at=None, **sequence)
    other = message(rows, "another message")
    for action in ("release", "approve", "refuse"):
        act(f"{action} of it", action, hers, at, is_named=True)
    act("release of a part", "release", part, at, is_named=True)
    act("release of a part that is not ours", "release", part_of_another, at, is_named=False)
    act("release of another message", "release", other, at, is_named=False)
    act("something else", "user set", hers, at, is_named=False)
    for number, (of, status, reason, is_named) in enumerate(
        (
            (hers, "cancelled", "withdrawn", True),
            (other, "cancelled", "withdrawn", False),
            (hers, "failed", "withdrawn", False),
            (hers, "cancelled", "operator", False),
        )
    ):
        then = at + number * SECOND
        rows.add(f"{OWN}timeline", f"entry {number}", message_id=of, at=then, status=status, reason=reason)
        act(f"withdrawal {number}", "withdraw", "a topic", then, is_named=is_named)
    act("withdrawal at another time", "withdraw", "a topic", at + HOUR, is_named=False)
    assert actions.of(hers) == [name for _, _, name in sorted(actions.expected)]
    assert actions.of(part_of_another) == []
    found = connection.execute(sql("read_history_actions"), {"message_id": other, "pause_targets": []}).fetchall()
    assert sorted(found) == [
        (at, "olga", "release", str(other), {}, "release of another message"),
        (at + SECOND, "olga", "withdraw", "a topic", {}, "withdrawal 1"),
    ]


def test_the_history_names_the_pauses_that_stopped_the_message(rows: FatedRows) -> None:
    actions = Actions(rows)
    act = actions.act
    before = ACCEPTED - HOUR
    hers = message(rows, "hers")
    none = {"change": {"effect": "none"}}
    act("as it was accepted", "pause", "everything", ACCEPTED, is_named=True)
    act("its end", "resume", "everything", ACCEPTED + SECOND, is_named=True)
    act("with an effect", "pause", "everything", ACCEPTED + SECOND, is_named=True, change={"effect": "x"})
    act("without an effect", "pause", "everything", ACCEPTED + SECOND, is_named=False, **none)
    act("of a lane that it is not in", "pause", "lane low", ACCEPTED + SECOND, is_named=False)
    act("of the person", "pause", "", ACCEPTED + SECOND, is_named=True, user_id=ADA)
    act("of another person", "pause", "", ACCEPTED + SECOND, is_named=False, user_id=BEN)
    act("of something else of the person", "pause", "x", ACCEPTED + SECOND, is_named=False, user_id=ADA)
    act("another action on everything", "user set", "everything", ACCEPTED + SECOND, is_named=False)
    act("the person's, before it", "pause", "", before, is_named=True, user_id=ADA)
    act("another person's end of it", "resume", "", before + SECOND, is_named=False, user_id=BEN)
    # Pauses from before the message, each of a target of its own, and what came after.
    after: list[tuple[str, bool, dict[str, Any] | None]] = [
        ("nothing", True, None),
        ("its end", False, {}),
        ("an end without an effect", True, none),
        ("an end of another target", True, {"target": "x"}),
        ("an end with a person", True, {"user_id": BEN}),
        ("an end at its time", True, {"at": before}),
        ("an end as the message was accepted", True, {"at": ACCEPTED}),
        ("another action", True, {"action": "user set"}),
    ]
    for situation, is_named, columns in after:
        actions.targets.append(situation)
        act(f"before, then {situation}", "pause", situation, before, is_named=is_named)
        if columns is not None:
            later = {"target": situation, "action": "resume", "at": before + SECOND, **columns}
            act(f"then {situation}", later.pop("action"), later.pop("target"), later.pop("at"),
                is_named=later.get("at") == ACCEPTED or situation == "an end as the message was accepted", **later)  # fmt: skip
    actions.targets.append("paused twice")
    act("before, then paused again", "pause", "paused twice", before, is_named=False)
    act("paused again", "pause", "paused twice", before + SECOND, is_named=True)
    assert actions.of(hers) == [name for _, _, name in sorted(actions.expected)]


def test_the_pauses_of_a_message_are_those_until_its_end(rows: FatedRows) -> None:
    actions = Actions(rows)
    actions.act("at its end", "pause", "everything", ENDED, is_named=True)
    actions.act("a second later", "pause", "everything", ENDED + SECOND, is_named=True)
    cases: list[tuple[str, bool, dict[str, Any]]] = [
        ("sent", True, {"status": "sent", "sent_at": ENDED}),
        ("ended without a time", False, {"status": "failed"}),
        *((f"{status}", False, {"status": status, "sent_at": ENDED}) for status in ("queued", "approved", "sending")),
        ("cancelled", True, {"status": "cancelled"}),
        ("cancelled and sent", True, {"status": "cancelled", "sent_at": ENDED}),
    ]
    for situation, _, columns in cases:
        message(rows, situation, **columns)
    for situation, status, at in (
        ("cancelled", "cancelled", ENDED),
        ("cancelled", "failed", ENDED - SECOND),
        ("cancelled", "queued", ENDED + SECOND),
        ("cancelled and sent", "failed", ENDED + SECOND),
        ("ended without a time", "queued", ENDED - HOUR),
    ):
        entry = {"message_id": id_of(situation), "status": status, "at": at}
        rows.add(f"{OWN}timeline", f"{situation}: {status} at {at}", **entry)
    found = {situation: actions.of(id_of(situation)) for situation, *_ in cases}
    both = ["at its end", "a second later"]
    assert found == {situation: both[:1] if has_ended else both for situation, has_ended, _ in cases}


# Number checks and opt-outs ----------------------------------------------------------------------------------------------


def test_the_history_names_the_number_checks_on_which_marketing_rests(connection: Connection, rows: FatedRows) -> None:
    connection.execute("INSERT INTO orchestrator.agents (prefix, purpose) VALUES ('shop', 'marketing')")
    for situation, phone, columns in (
        ("too long before", HERS, {"asked_at": ACCEPTED - ASKED_EVERY}),
        ("after the text", HERS, {"asked_at": ENDED + SECOND}),
        ("as the text went", HERS, {"asked_at": ENDED}),
        ("in time", HERS, {"asked_at": ACCEPTED - ASKED_EVERY + SECOND, "answer": "yes", "verified_on": ENDED.date()}),
        ("without an answer", HERS, {"asked_at": ACCEPTED, "answer": None}),
        ("of another number", "+12125550102", {"asked_at": ACCEPTED}),
    ):  # fmt: skip
        rows.add(f"{OWN}number_checks", situation, **{"user_id": BEN, "phone_number": phone, **columns})

    def checks(situation: str, **columns: Any) -> list[tuple[Any, ...]]:
        given = {"message_id": message(rows, situation, **columns), "asked_every": ASKED_EVERY}
        return connection.execute(sql("read_history_number_checks"), given).fetchall()

    first = (ACCEPTED - ASKED_EVERY + SECOND, ENDED.date(), "yes")
    message(rows, "of Ben", user_id=BEN, agent_id="shop")
    long_ago = datetime(2026, 1, 1, tzinfo=UTC).date()
    assert checks("sent", agent_id="shop_1", sent_at=ENDED) == [first, (ENDED, long_ago, "no")]
    assert checks("waits", agent_id="shop_1") == [first, (ENDED, long_ago, "no"), (ENDED + SECOND, long_ago, "no")]
    assert checks("informational", agent_id="concierge") == []


def test_the_history_names_the_opt_outs_that_ended_the_message(connection: Connection, rows: FatedRows) -> None:
    opted_out_at = ACCEPTED - DAY
    situations: dict[str, dict[str, Any]] = {
        "of the number": {"phone_number": HERS, "recorded_at": ENDED},
        "of the person": {"user_id": ADA},
        "that ended as it was published": {"user_id": ADA, "ended_at": ACCEPTED},
        "that ended before": {"user_id": ADA, "ended_at": ACCEPTED - SECOND},
        "of another": {"user_id": BEN},
    }
    for number, (situation, columns) in enumerate(situations.items()):
        given = {"id": UUID(int=9 - number), "phone_number": f"+1212555018{number}", "opted_out_at": opted_out_at}
        rows.add(f"{OWN}opt_outs", situation, **{**given, "note": situation, **columns})
    first = {"id": UUID(int=99), "phone_number": "+12125550199", "user_id": ADA, "opted_out_at": opted_out_at - SECOND}
    rows.add(f"{OWN}opt_outs", "the first", note="the first", **first)

    def opt_outs(situation: str, **columns: Any) -> list[tuple[Any, ...]]:
        given = {"message_id": message(rows, situation, **columns)}
        return connection.execute(sql("read_history_opt_outs"), given).fetchall()

    assert opt_outs("ended by it", reason="opted_out", status="cancelled") == [
        (opted_out_at - SECOND, "keyword", "the first", None),
        (opted_out_at, "keyword", "that ended as it was published", None),
        (opted_out_at, "keyword", "of the person", None),
        (opted_out_at, "keyword", "of the number", ENDED),
    ]
    assert opt_outs("ended by something else", reason="withdrawn", status="cancelled") == []


# Rows of an old sender ---------------------------------------------------------------------------------------------------


def text(rows: FatedRows, situation: str, **columns: Any) -> UUID:
    given = {"user_id": ADA, "conversation_id": id_of("talk"), "status": "pending", "created_at": ACCEPTED}
    return rows.add("messages", situation, **{**given, **columns})


@pytest.mark.parametrize("is_there", [True, False], ids=["it is there", "it is gone"])
@pytest.mark.parametrize("was_there", [True, False], ids=["it was seen", "it was not seen"])
def test_pending_rows_of_a_day_are_left_to_an_old_sender(
    connection: Connection, rows: FatedRows, is_there: bool, was_there: bool
) -> None:
    left = {
        text(rows, "pending"),
        text(rows, "queued for sending", status="queued_for_send"),
        text(rows, "of nearly a day", created_at=ACCEPTED - DAY + SECOND),
    }
    text(rows, "of a day", created_at=ACCEPTED - DAY)
    text(rows, "sent", status="sent")
    text(rows, "inbound", direction="inbound")
    known = text(rows, "left before")
    rows.add(f"{OWN}left_alone", "it", message_id=known)
    with connection.transaction(force_rollback=True):
        if is_there:
            connection.execute((FUNCTION.format("NOTIFY sms;") + TRIGGER.format("")).encode())
        if was_there:
            connection.execute("INSERT INTO orchestrator.old_sender_seen (seen_at) VALUES (%s)", (ACCEPTED - HOUR,))
        connection.execute(sql("leave_rows_of_old_senders"), {"now": ACCEPTED})
        found = {message_id for (message_id,) in connection.execute("SELECT message_id FROM orchestrator.left_alone")}
        seen = connection.execute("SELECT seen_at FROM orchestrator.old_sender_seen").fetchall()
    assert found == ({known} | left if is_there or was_there else {known})
    assert seen == ([(ACCEPTED - HOUR if was_there else ACCEPTED,)] if is_there else [])


def test_rows_that_are_never_sent_are_counted_with_the_newest_of_them(connection: Connection, rows: FatedRows) -> None:
    old = ACCEPTED - DAY
    counted = [
        text(rows, "without a time", created_at=None),
        text(rows, "left alone"),
        text(rows, "of a day", created_at=old, id=UUID(int=8)),
        text(rows, "of a day, with a larger id", created_at=old, id=UUID(int=9)),
        text(rows, "older, queued for sending", created_at=old - SECOND, status="queued_for_send"),
    ]
    rows.add(f"{OWN}left_alone", "it", message_id=id_of("left alone"))
    text(rows, "of nearly a day", created_at=old + SECOND)
    text(rows, "sent", created_at=old, status="sent")
    text(rows, "inbound", created_at=old, direction="inbound")
    for quoted in (9, 4):
        given = {"now": ACCEPTED, "quoted": quoted}
        found = connection.execute(sql("count_rows_left_alone"), given).fetchone()
        assert found == (5, counted[:quoted])
    connection.execute("DELETE FROM messages")
    assert connection.execute(sql("count_rows_left_alone"), given).fetchone() == (0, [])
