"""Texts of a former webhook and of the history, row by row: which are read, and what each is taken for."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from orchestrator.rules.intents import ClassifiedBy, Intent
from orchestrator.rules.past_texts import PastText
from orchestrator.store import former_webhook
from orchestrator.store.conversation import ClassifiedText
from orchestrator.store.database import columns, sql
from orchestrator.store.former_webhook import classify_texts_of_former_webhook
from tests.fated_rows import KEPT, Fate, FatedRows
from tests.rows_by_name import id_of

NOW = datetime(2026, 3, 3, 15, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
OVERLAP = timedelta(minutes=10)
ADA, BEN, GONE_ONE, ODD = map(UUID, (f"{n:032x}" for n in range(1, 5)))
HERS, HIS = "+12125550101", "+12125550102"
READINGS, OPT_OUTS = "orchestrator.readings", "orchestrator.opt_outs"


@pytest.fixture
def rows(connection: Connection) -> FatedRows:
    rows = FatedRows(connection)
    for name, user_id, phone in (
        ("ada", ADA, "(212) 555-0101"),
        ("ben", BEN, HIS),
        ("gone", GONE_ONE, "forgotten-1"),
        ("odd", ODD, "no number"),
    ):
        connection.execute("INSERT INTO users (id, phone_number) VALUES (%s, %s)", (user_id, phone))
        rows.add("conversations", f"talk of {name}", id=user_id, user_id=user_id)
    return rows


# Which texts are read ----------------------------------------------------------------------------------------------------


def text(rows: FatedRows, situation: str, at: datetime | None, user_id: UUID = ADA, **columns: Any) -> UUID:
    given = {"direction": "inbound", "role": "user", "content": situation, "created_at": at}
    return rows.add("messages", situation, conversation_id=user_id, user_id=user_id, **{**given, **columns})


def read(connection: Connection, limit: int = 100) -> list[tuple[UUID, str, str, datetime, bool]]:
    found = former_webhook.read_texts_of_former_webhook(connection, NOW, limit)
    assert {text.kind for text in found} <= {None}
    return [(text.user_id, text.phone_number, text.content, text.written_at, text.is_dated) for text in found]


def read_up_to(connection: Connection, at: datetime) -> None:
    connection.execute("DELETE FROM orchestrator.former_webhook_read")
    connection.execute("INSERT INTO orchestrator.former_webhook_read (up_to) VALUES (%s)", (at,))


def up_to(connection: Connection) -> datetime | None:
    ((at,),) = connection.execute("SELECT max(up_to) FROM orchestrator.former_webhook_read").fetchall()
    return at  # type: ignore[no-any-return]  # a column of the table


def test_the_texts_since_the_last_reading_that_are_not_classified_are_read(
    connection: Connection, rows: FatedRows
) -> None:
    since = NOW - HOUR
    begin = since - OVERLAP
    read_up_to(connection, since)
    text(rows, "as the overlap begins", begin)
    text(rows, "a second later", begin + SECOND)
    text(rows, "of Ben", begin + 2 * SECOND, BEN)
    text(rows, "of a person without a number", begin + 2 * SECOND, ODD, id=UUID(int=1))
    text(rows, "dated in the future", NOW + SECOND)
    text(rows, "without a time", None)
    text(rows, "of a deleted person", NOW, GONE_ONE)
    text(rows, "outbound", NOW, direction="outbound")
    text(rows, "of a tool", NOW, role="tool")
    rows.add(READINGS, "reading", inbound_id=text(rows, "classified", NOW), user_id=ADA)
    rows.add(READINGS, "reading ", inbound_id=text(rows, "classified, without a time", None), user_id=ADA)
    assert read(connection) == [
        (ADA, HERS, "a second later", begin + SECOND, True),
        (ODD, "no number", "of a person without a number", begin + 2 * SECOND, True),
        (BEN, HIS, "of Ben", begin + 2 * SECOND, True),
        *sorted(
            [(ADA, HERS, "dated in the future", NOW, True), (ADA, HERS, "without a time", NOW, False)],
            key=lambda found: id_of(found[2]),
        ),
    ]
    assert up_to(connection) == since, "there may be more"
    assert [content for _, _, content, *_ in read(connection, limit=2)] == [
        "a second later",
        "of a person without a number",
    ]


def test_a_reading_after_the_present_begins_at_the_present(connection: Connection, rows: FatedRows) -> None:
    read_up_to(connection, NOW + DAY)
    text(rows, "new", NOW - OVERLAP + SECOND)
    text(rows, "old", NOW - OVERLAP)
    assert [content for _, _, content, *_ in read(connection)] == ["new"]


def test_texts_of_one_time_are_read_by_their_ids_and_undated_ones_last(connection: Connection, rows: FatedRows) -> None:
    read_up_to(connection, NOW)
    for number, at in ((4, NOW), (1, None), (2, None), (3, NOW)):
        text(rows, f"{number}", at, id=UUID(int=number))
    assert [content for _, _, content, *_ in read(connection, limit=3)] == ["1", "3", "4"]
    assert [content for _, _, content, *_ in read(connection, limit=1)] == ["3"]


def test_where_nothing_is_left_the_next_reading_begins_now(connection: Connection, rows: FatedRows) -> None:
    text(rows, "for the adoption", NOW - OVERLAP)
    assert read(connection) == []
    assert up_to(connection) == NOW
    read_up_to(connection, NOW - HOUR)
    connection.execute("DELETE FROM messages")
    assert read(connection) == []
    assert up_to(connection) == NOW


# What a text is taken for ------------------------------------------------------------------------------------------------


def test_each_text_is_classified_once_with_what_its_number_asked_before(
    connection: Connection, rows: FatedRows
) -> None:
    expected: dict[str, str] = {}
    batch: list[ClassifiedText] = []
    numbers = iter(f"+1212555{last:04}" for last in range(110, 199))

    def classified(situation: str, kind: Intent, becomes: str, phone: str = "", user_id: UUID = ADA) -> str:
        phone = phone or next(numbers)
        batch.append(ClassifiedText(id_of(situation), user_id, phone, kind, ClassifiedBy.KEYWORD, NOW))
        expected[situation] = becomes
        return phone

    def opt_out(phone: str, **columns: Any) -> None:
        given = {"opted_out_at": NOW - DAY, **columns}
        rows.add(OPT_OUTS, f"opt-out of {phone} {len(batch)}", phone_number=phone, **given)

    def start(phone: str, at: datetime, kind: str = "start") -> None:
        rows.add(READINGS, f"{kind} of {phone}", user_id=ADA, phone_number=phone, kind=kind, received_at=at)

    classified("a conversation", Intent.CONVERSATION, "conversation")
    opt_out(classified("a conversation as an opt-out ended", Intent.CONVERSATION, "conversation"), ended_at=NOW)
    opt_out(classified("YES that ends an opt-out", Intent.YES, "start"))
    classified("YES without an opt-out", Intent.YES, "conversation")
    opt_out(classified("YES after an opt-out that had ended", Intent.YES, "conversation"), ended_at=NOW - SECOND)
    classified("unjudged", Intent.UNREAD, "unjudged")
    opt_out(classified("unjudged of an opted-out number", Intent.UNREAD, "conversation"))
    opt_out(classified("unjudged after an opt-out that had ended", Intent.UNREAD, "unjudged"), ended_at=NOW - SECOND)
    classified("unjudged of an opted-out person", Intent.UNREAD, "conversation", user_id=BEN)
    opt_out("+12125550198", user_id=BEN)
    start(classified("unjudged as a START came", Intent.UNREAD, "conversation"), NOW)
    start(classified("unjudged after a START", Intent.UNREAD, "unjudged"), NOW - SECOND)
    start(classified("unjudged before a STOP", Intent.UNREAD, "unjudged"), NOW, kind="stop")
    known = classified("classified before", Intent.CONVERSATION, "help")
    rows.add(READINGS, "classified before", user_id=ADA, phone_number=known, kind="help", received_at=NOW)
    counts = classify_texts_of_former_webhook(connection, batch, NOW)
    assert counts == {"conversation": 7, "start": 1, "unjudged": 4}
    found = connection.execute(
        "SELECT inbound_id, user_id, phone_number, kind, judged_by, received_at FROM orchestrator.readings"
    ).fetchall()
    read = {row[0]: row for row in found}
    assert {name: read[id_of(name)][3] for name in expected} == expected
    for each in batch:
        if each.phone_number != known:
            row = read[each.inbound_id]
            assert (*row[:3], *row[4:]) == (each.inbound_id, each.user_id, each.phone_number, "keyword", NOW)
    assert up_to(connection) == NOW


def test_the_next_reading_begins_at_the_newest_that_is_classified(connection: Connection) -> None:
    for number, (at, newest) in enumerate(((NOW, NOW), (NOW - HOUR, NOW), (NOW + HOUR, NOW + HOUR))):
        each = ClassifiedText(UUID(int=number), ADA, HERS, Intent.CONVERSATION, ClassifiedBy.KEYWORD, at)
        older = ClassifiedText(UUID(int=number + 9), ADA, HERS, Intent.CONVERSATION, ClassifiedBy.KEYWORD, at - DAY)
        classify_texts_of_former_webhook(connection, [each, older], NOW)
        assert up_to(connection) == newest


# START, and its repetition -----------------------------------------------------------------------------------------------


def test_a_start_gets_its_first_time_and_the_opt_outs_since_are_in_force_again(
    connection: Connection, rows: FatedRows
) -> None:
    """The first request came at `first`; its repetition, an hour later, was taken in before, and ended what came between."""
    first, repeated = NOW - HOUR, NOW
    corrections: list[tuple[UUID, datetime]] = []
    numbers = iter(f"+1212555{last:04}" for last in range(110, 199))

    def start(situation: str, kind: str = "start", corrected_to: datetime = first) -> str:
        phone = next(numbers)
        is_corrected = kind == "start" and corrected_to < repeated
        fate = {"received_at": corrected_to} if is_corrected else KEPT
        given = {"user_id": ADA, "phone_number": phone, "kind": kind, "received_at": repeated}
        corrections.append((rows.add(READINGS, situation, fate, **given), corrected_to))
        return phone

    def opt_out(phone: str, fate: Fate, at: datetime = first + SECOND, ended_at: datetime | None = repeated) -> None:
        name = f"opt-out {len(corrections)} of {at}, ended {ended_at}"
        rows.add(OPT_OUTS, name, fate, phone_number=phone, opted_out_at=at, ended_at=ended_at)

    again = {"ended_at": None}
    opt_out(start("an opt-out since"), again)
    opt_out(start("an opt-out at the same time"), again, first)
    opt_out(start("an opt-out before"), KEPT, first - SECOND)
    opt_out(start("one that another START ended"), KEPT, ended_at=repeated - SECOND)
    opt_out(start("no START", kind="conversation"), KEPT)
    opt_out(start("not earlier", corrected_to=repeated), KEPT, repeated)
    opt_out(start("later", corrected_to=repeated + SECOND), KEPT, repeated + SECOND)
    phone = start("two opt-outs")
    opt_out(phone, again, first + 3 * SECOND)
    opt_out(phone, KEPT, first + 2 * SECOND)
    phone = start("two opt-outs, the other way around")
    opt_out(phone, KEPT, first + 2 * SECOND)
    opt_out(phone, again, first + 3 * SECOND)
    phone = start("one is in force")
    opt_out(phone, KEPT)
    opt_out(phone, KEPT, ended_at=None)
    for situation, fate, kind, at in (
        ("a later START", KEPT, "start", first + 2 * SECOND),
        ("a START at the same time", again, "start", first + SECOND),
        ("a later STOP", again, "stop", first + 2 * SECOND),
    ):
        phone = start(situation)
        opt_out(phone, fate)
        rows.add(READINGS, f"other: {situation}", user_id=ADA, phone_number=phone, kind=kind, received_at=at)
    rows.add(READINGS, "a START of nobody's correction", user_id=BEN, kind="start", received_at=repeated)
    given = {"inbound_id": [each for each, _ in corrections], "received_at": [at for _, at in corrections]}
    connection.execute(sql("correct_start_times"), given)
    assert rows.unexpected() == {}


# The history that an adoption reads --------------------------------------------------------------------------------------


def test_past_texts_are_adopted_unless_their_number_has_asked_since(connection: Connection, rows: FatedRows) -> None:
    numbers = iter(f"+1212555{last:04}" for last in range(110, 199))
    past: list[PastText] = []
    names: dict[UUID, str] = {}
    unread: set[str] = set()
    stopped: set[str] = set()

    def wrote(situation: str, *, is_unread: bool, is_stop: bool) -> str:
        phone, person = next(numbers), id_of(f"person: {situation}")
        past.append(PastText(id_of(situation), person, phone, "", NOW, None))
        names[person] = situation
        unread.update({situation} if is_unread else ())
        stopped.update({situation} if is_stop else ())
        return phone

    def opt_out(phone: str, user_id: UUID | None = None, **columns: Any) -> None:
        given = {"phone_number": phone, "user_id": user_id, "opted_out_at": NOW - DAY, **columns}
        rows.add(OPT_OUTS, f"opt-out of {past[-1].inbound_id}", **given)

    def start(phone: str, at: datetime, kind: str = "start") -> None:
        rows.add(READINGS, f"{kind} of {phone}", user_id=ADA, phone_number=phone, kind=kind, received_at=at)

    wrote("as it stands", is_unread=True, is_stop=True)
    opt_out(wrote("an opted-out number", is_unread=False, is_stop=False))
    wrote("an opted-out person", is_unread=False, is_stop=False)
    opt_out("+12125550198", past[-1].user_id)
    opt_out(wrote("an opt-out that ended since", is_unread=True, is_stop=False), ended_at=NOW + SECOND)
    opt_out(wrote("an opt-out that ended then", is_unread=True, is_stop=True), ended_at=NOW)
    start(wrote("a START since", is_unread=False, is_stop=True), NOW)
    start(wrote("a START before", is_unread=True, is_stop=True), NOW - SECOND)
    start(wrote("another word since", is_unread=True, is_stop=True), NOW, kind="help")
    wrote("read before", is_unread=False, is_stop=True)
    rows.add(READINGS, "read before", user_id=ADA, kind="help")
    given = columns(past, "inbound_id", "user_id", "phone_number", "written_at")
    found = connection.execute(sql("adopt_unread_texts"), given).fetchall()
    assert {names[person] for (person,) in found} == unread
    written = (
        "SELECT inbound_id, user_id, phone_number, judged_by, received_at FROM orchestrator.readings WHERE kind = %s"
    )
    assert set(connection.execute(written, ("unjudged",)).fetchall()) == {
        (each.inbound_id, each.user_id, each.phone_number, "nobody", NOW)
        for each in past
        if names[each.user_id] in unread
    }
    # Two people have one number: it is opted out once, of either.
    past.append(PastText(UUID(int=9), UUID(int=9), past[0].phone_number, "", NOW, None))
    names[UUID(int=9)] = "as it stands"
    found = connection.execute(sql("adopt_opt_outs"), columns(past, "user_id", "phone_number", "written_at")).fetchall()
    assert sorted(names[person] for (person,) in found) == sorted(stopped)
    phones = {each.user_id: each.phone_number for each in past}
    written = "SELECT user_id, phone_number, opted_out_at, ended_at FROM orchestrator.opt_outs WHERE source = 'adopted'"
    assert set(connection.execute(written).fetchall()) == {(person, phones[person], NOW, None) for (person,) in found}
    assert rows.unexpected() == {}
