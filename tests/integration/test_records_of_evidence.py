"""What the evidence of a person's texts and STOPs is read from: the rows that count, beside those that nearly do."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from orchestrator.rules.number_check import ASKED_EVERY
from orchestrator.store.evidence import read_evidence
from tests.fated_rows import FatedRows
from tests.rows_by_name import id_of

NOW = datetime(2026, 3, 3, 15, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
SINCE, UNTIL = NOW - DAY, NOW + DAY
ADA, BEN = UUID(int=1), UUID(int=2)
HERS = "+12125550101"
OLDER, NEWER = NOW - 2 * HOUR, NOW - HOUR


@pytest.fixture
def rows(connection: Connection) -> FatedRows:
    for user_id, phone in ((ADA, "(212) 555-0101"), (BEN, "+12125550199")):
        connection.execute("INSERT INTO users (id, phone_number) VALUES (%s, %s)", (user_id, phone))
    return FatedRows(connection)


def text(rows: FatedRows, situation: str, **columns: Any) -> UUID:
    given = {"user_id": ADA, "started_at": NOW, "purpose": "marketing", "phone_number": HERS, **columns}
    return rows.add("orchestrator.attempts", situation, **given)


def timed(value: Any) -> Any:
    """A value of JSON, with its texts that are times as times: they are in the zone of the database."""
    if isinstance(value, dict):
        return {name: timed(each) for name, each in value.items()}
    if isinstance(value, list):
        return list(map(timed, value))
    return datetime.fromisoformat(value) if isinstance(value, str) and value[10:11] == "T" else value


# Which consent, and which number check, a text rests on: by situation, the reference of the one that counts.
Entry = Mapping[str, Any]
CONSENTS: Sequence[tuple[str, str | None, Sequence[Entry]]] = [
    ("one was given", "own", [{}]),
    ("it is for another purpose", None, [{"purpose": "informational"}]),
    ("it was given as the text began", "own", [{"at": NOW}]),
    ("it was given a second later", None, [{"at": NOW + SECOND}]),
    ("it was recorded as the text began", "own", [{"recorded_at": NOW}]),
    ("it was recorded a second later", None, [{"recorded_at": NOW + SECOND}]),
    ("it ended as the text began", None, [{"until": NOW}]),
    ("it ended a second later", "own", [{"until": NOW + SECOND}]),
    ("it was revoked at once", None, [{}, {"is_given": False}]),
    ("it was given again after a revocation", "own", [{}, {"is_given": False, "at": OLDER - SECOND}]),
    ("its revocation was recorded as the text began", None, [{}, {"is_given": False, "at": NEWER, "recorded_at": NOW}]),
    ("its revocation was recorded later", "own", [{}, {"is_given": False, "at": NEWER, "recorded_at": NOW + SECOND}]),
    ("another purpose was revoked", "own", [{}, {"is_given": False, "at": NEWER, "purpose": "informational"}]),
    ("another number's was revoked", "own", [{}, {"is_given": False, "at": NEWER, "phone_number": "+12125550198"}]),
    ("the later one counts", "later", [{}, {"at": NEWER, "reference": "later"}]),
    ("her own counts before a sharer's", "own", [{}, {"at": NEWER, "user_id": BEN, "reference": "sharer"}]),
    ("a sharer's counts", "sharer", [{"user_id": BEN, "reference": "sharer"}]),
]
OPT_OUTS: Sequence[tuple[str, str | None, Entry]] = [
    ("a STOP at once", None, {"opted_out_at": OLDER}),
    ("a STOP before it", "own", {"opted_out_at": OLDER - SECOND}),
    ("a STOP that was stored as the text began", None, {"opted_out_at": NEWER, "stored_at": NOW}),
    ("a STOP that was stored later", "own", {"opted_out_at": NEWER, "stored_at": NOW + SECOND}),
    ("a STOP as the text began, stored at no known time", None, {"opted_out_at": NOW}),
    ("a STOP a second later, stored at no known time", "own", {"opted_out_at": NOW + SECOND}),
    ("a STOP on another number", "own", {"opted_out_at": NEWER, "phone_number": "+12125550197"}),
]
CHECKS: Sequence[tuple[str, datetime | None, Sequence[Entry]]] = [
    ("asked as the text began", NOW, [{"asked_at": NOW}]),
    ("asked a second later", None, [{"asked_at": NOW + SECOND}]),
    ("asked too long before", None, [{"asked_at": NOW - ASKED_EVERY}]),
    ("asked in time", NOW - ASKED_EVERY + SECOND, [{"asked_at": NOW - ASKED_EVERY + SECOND}]),
    ("asked twice", NEWER, [{"asked_at": NEWER}, {"asked_at": OLDER}]),
    ("without an answer", OLDER, [{"asked_at": OLDER}, {"asked_at": NEWER, "answer": None}]),
]


def test_what_a_text_rests_on_was_known_and_in_force_when_it_began(connection: Connection, rows: FatedRows) -> None:
    number = iter(f"+1212555{last:04}" for last in range(110, 190))
    expected: dict[UUID, object] = {}

    def consent(situation: str, place: int, phone: str, entry: Entry) -> None:
        given = {"user_id": ADA, "phone_number": phone, "at": OLDER, "reference": "own", "recorded_at": OLDER, **entry}
        rows.add("orchestrator.consents", f"consent {place}: {situation}", **given)

    for situation, reference, entries in CONSENTS:
        phone = next(number)
        expected[text(rows, situation, phone_number=phone)] = reference
        for place, entry in enumerate(entries):
            consent(situation, place, phone, entry)
    for situation, reference, entry in OPT_OUTS:
        phone = next(number)
        expected[text(rows, situation, phone_number=phone)] = reference
        consent(situation, 0, phone, {})
        rows.add("orchestrator.opt_outs", f"opt-out: {situation}", **{"phone_number": phone, **entry})
    for situation, asked_at, entries in CHECKS:
        phone = next(number)
        expected[text(rows, situation, phone_number=phone)] = asked_at
        expected[text(rows, f"informational, {situation}", phone_number=phone, purpose="informational")] = None
        for place, entry in enumerate(entries):
            given = {"user_id": BEN, "phone_number": phone, **entry}
            rows.add("orchestrator.number_checks", f"check {place}: {situation}", **given)
    texts, _ = read_evidence(connection, ADA, SINCE, UNTIL)
    found = {
        row["text_id"]: row["consent"]["reference"]
        if row["consent"]
        else row["number_check"] and datetime.fromisoformat(row["number_check"]["asked_at"])
        for row in texts
    }
    names = {id_of(name): name for name, *_ in [*CONSENTS, *OPT_OUTS, *CHECKS]}
    assert {names.get(key, key): value for key, value in found.items()} == {
        names.get(key, key): value for key, value in expected.items()
    }


def test_a_text_is_read_with_all_that_decided_on_it(connection: Connection, rows: FatedRows) -> None:
    talk = rows.add("conversations", "talk", user_id=ADA)
    full: dict[str, Any] = {
        "settled_at": NOW, "outcome": "accepted", "evidence": "status", "twilio_message_sid": "SM1", "error_code": 1,
        "undelivered_at": NOW, "undelivered_code": 2, "segments": 3, "part": 4, "zone": "UTC", "active_since": NEWER,
        "reply_to": OLDER, "law_note": "note",
    }  # fmt: skip
    text(rows, "full", **full, fingerprint="recovered")
    rows.add(
        "message_queue", "full ", id=id_of("full"), user_id=ADA, is_reply=True, priority="high", published_at=OLDER
    )
    rows.add("message_queue", "other", user_id=ADA, published_at=NOW)
    rows.add(
        "messages", "full  ", id=id_of("full"), user_id=ADA, conversation_id=talk, content="said", delivered_at=NOW
    )
    rows.add("messages", "other ", user_id=ADA, conversation_id=talk, content="other")
    rows.add("orchestrator.kept_words", "full   ", text_id=id_of("full"), user_id=ADA, content="kept")
    rows.add("orchestrator.opt_outs", "confirmed", phone_number="+12125550198", confirmation_id=id_of("full"))
    for message, status, note in (("full", "queued", None), ("bare", "other", None), ("full", "sent", "law")):
        given = {"message_id": id_of(message), "at": NEWER, "status": status, "reason": "r", "note": note}
        rows.add("orchestrator.timeline", f"{message} {status}", **given)
    text(rows, "bare", purpose=None, started_at=NOW + SECOND, message_id=id_of("no message"))
    text(rows, "cleared", started_at=NOW + 2 * SECOND)
    rows.add("messages", "cleared ", id=id_of("cleared"), user_id=ADA, conversation_id=talk, content="")
    rows.add("orchestrator.kept_words", "cleared  ", text_id=id_of("cleared"), user_id=ADA, content="kept")
    consent = {
        "user_id": ADA, "phone_number": HERS, "at": OLDER, "until": NOW + DAY, "source": "web", "wording": "w",
        "reference": "r", "recorded_by": "b", "recorded_at": NEWER, "purpose": "marketing",
    }  # fmt: skip
    rows.add("orchestrator.consents", "consent", **consent)
    rows.add(
        "orchestrator.number_checks", "check", user_id=ADA, phone_number=HERS, asked_at=NEWER, answer="no",
        verified_on=OLDER.date(),
    )  # fmt: skip
    texts, _ = read_evidence(connection, ADA, SINCE, UNTIL)
    assert [row["text_id"] for row in texts] == [id_of(name) for name in ("full", "bare", "cleared")]
    at = NEWER
    proved_by = full.pop("evidence")
    assert timed(texts[0]) == {
        **full, "text_id": id_of("full"), "message_id": id_of("full"), "agent_id": "concierge", "priority": "high",
        "is_reply": True, "published_at": OLDER, "phone_number": HERS, "started_at": NOW, "proved_by": proved_by,
        "delivered_at": NOW, "confirms_opt_out": True, "is_restored": True, "purpose": "marketing", "words": "said",
        "decisions": [
            {"at": at, "status": "queued", "reason": "r", "note": None},
            {"at": at, "status": "sent", "reason": "r", "note": "law"},
        ],
        "consent": {
            "given_at": OLDER, "until": NOW + DAY, "source": "web", "wording": "w",
            "reference": "r", "recorded_by": "b", "recorded_at": at,
        },
        "number_check": {"asked_at": at, "since": "2026-03-03", "has_another_owner": "no"},
    }  # fmt: skip
    assert texts[1] == {
        **dict.fromkeys(texts[0]), "text_id": id_of("bare"), "message_id": id_of("no message"), "is_reply": False,
        "phone_number": HERS, "started_at": NOW + SECOND, "outcome": "under way", "confirms_opt_out": False,
        "is_restored": False, "decisions": [],
    }  # fmt: skip
    assert texts[2]["words"] == "kept"


def test_the_texts_of_a_person_and_a_span_are_read_in_order(connection: Connection, rows: FatedRows) -> None:
    text(rows, "another's", user_id=BEN)
    text(rows, "a second before the span", started_at=SINCE - SECOND)
    text(rows, "at its end", started_at=UNTIL)
    text(rows, "at its last second", started_at=UNTIL - SECOND)
    for number in (9, 7, 8):
        text(rows, f"at its begin {number}", started_at=SINCE, id=UUID(int=number))
    texts, _ = read_evidence(connection, ADA, SINCE, UNTIL)
    assert [row["text_id"] for row in texts] == [*(UUID(int=n) for n in (7, 8, 9)), id_of("at its last second")]


def test_each_stop_of_a_person_is_read_once_with_its_effect(connection: Connection, rows: FatedRows) -> None:
    talk = rows.add("conversations", "talk", user_id=ADA)
    expected: list[tuple[Any, ...]] = []

    def stop(situation: str, at: datetime, words: str | None = None, **columns: Any) -> UUID:
        given = {"user_id": ADA, "phone_number": HERS, "kind": "stop", "received_at": at, "judged_by": "r", **columns}
        return rows.add("orchestrator.readings", situation, **given)

    def opt_out(situation: str, at: datetime, **columns: Any) -> None:
        given = {"user_id": ADA, "phone_number": HERS, "opted_out_at": at, "note": situation, **columns}
        rows.add("orchestrator.opt_outs", situation, **given)

    times = iter(NOW + minutes * timedelta(minutes=1) for minutes in range(60))
    # Texts, each with the opt-out that came of it.
    at = next(times)
    said = stop("a text", at)
    rows.add("messages", "its words", id=said, user_id=ADA, conversation_id=talk, content="Stop it")
    rows.add("orchestrator.kept_words", "its kept words", text_id=said, user_id=ADA, content="kept")
    opt_out("opt-out of a text", at, stored_at=at + SECOND, ended_at=at + HOUR)
    expected.append((HERS, "text", "r", "Stop it", "everything", at, at + SECOND, at + HOUR, "opt-out of a text"))
    at = next(times)
    kept = stop("words that were cleared", at, kind="wrong_person")
    rows.add("messages", "cleared words", id=kept, user_id=ADA, conversation_id=talk, content="")
    rows.add("orchestrator.kept_words", "words that were kept", text_id=kept, user_id=ADA, content="kept")
    opt_out("opt-out without a time of storing", at, ended_at=at + HOUR)
    expected.append((HERS, "text", "r", "kept", "everything", at, at, at + HOUR, "opt-out without a time of storing"))
    at = next(times)
    stop("without words", at, phone_number="+12125550150")
    expected.append(("+12125550150", "text", "r", None, "everything", at, at, None, None))
    stop("a conversation", next(times), kind="conversation")
    stop("another's", next(times), user_id=BEN)
    # Opt-outs without a text.
    at = next(times)
    opt_out("by an operator", at, source="operator", phone_number="+12125550151", recorded_at=at + 2 * SECOND)
    expected.append(("+12125550151", "operator", None, None, "everything", at, at + 2 * SECOND, None, "by an operator"))
    at = next(times)
    opt_out("stored", at, phone_number="+12125550152", stored_at=at + SECOND, recorded_at=at + 2 * SECOND)
    expected.append(("+12125550152", "keyword", None, None, "everything", at, at + SECOND, None, "stored"))
    at = next(times)
    opt_out("of the number, to no person", at, user_id=None, ended_at=at + HOUR)
    expected.append((HERS, "keyword", None, None, "everything", at, at, at + HOUR, "of the number, to no person"))
    opt_out("of another person", next(times), user_id=BEN, phone_number="+12125550153")
    # Revocations.
    for name, purpose, topic, scope in (("p", "marketing", None, "marketing"), ("t", None, "news", "the topic news")):
        at = next(times)
        entry = {"user_id": ADA, "phone_number": HERS, "is_given": False, "source": "web", "at": at}
        both = {"purpose": purpose, "topic": topic, "recorded_at": at + SECOND, "reference": name}
        rows.add("orchestrator.consents", f"revocation {name}", **entry, **both)
        expected.append((HERS, "web", None, None, scope, at, at + SECOND, None, name))
    rows.add("orchestrator.consents", "a consent", **{**entry, "is_given": True})
    rows.add("orchestrator.consents", "another's revocation", **{**entry, "user_id": BEN})
    _, stops = read_evidence(connection, ADA, SINCE, UNTIL)
    assert [tuple(row.values()) for row in stops] == expected


def test_the_stops_of_a_span_are_read(connection: Connection, rows: FatedRows) -> None:
    expected = []
    for at, is_in in ((SINCE - SECOND, False), (SINCE, True), (UNTIL - SECOND, True), (UNTIL, False)):
        reading = {"user_id": ADA, "phone_number": HERS, "kind": "stop", "received_at": at}
        rows.add("orchestrator.readings", f"text {at}", **reading)
        opt_out = {"user_id": ADA, "phone_number": "+12125550150", "opted_out_at": at, "ended_at": UNTIL}
        rows.add("orchestrator.opt_outs", f"opt-out {at}", **opt_out)
        revocation = {"user_id": ADA, "phone_number": HERS, "is_given": False, "at": at, "recorded_at": SINCE - DAY}
        rows.add("orchestrator.consents", f"revocation {at}", **revocation)
        expected += [(at, at, what) for what in ("form", "keyword", "text") if is_in]
    _, stops = read_evidence(connection, ADA, SINCE, UNTIL)
    assert sorted((row["came_at"], row["took_effect_at"], row["channel"]) for row in stops) == expected


def test_a_text_takes_effect_with_the_first_opt_out_of_its_number_since(
    connection: Connection, rows: FatedRows
) -> None:
    reading = {"user_id": ADA, "phone_number": HERS, "kind": "stop", "received_at": NOW}
    rows.add("orchestrator.readings", "text", **reading)
    for situation, phone, at in (
        ("before", HERS, NOW - SECOND),
        ("on another number", "+12125550150", NOW + SECOND),
        ("third", HERS, NOW + 3 * SECOND),
        ("second", HERS, NOW + 2 * SECOND),
    ):
        given = {"user_id": ADA, "phone_number": phone, "opted_out_at": at, "ended_at": UNTIL, "note": situation}
        rows.add("orchestrator.opt_outs", situation, **given)
    _, stops = read_evidence(connection, ADA, SINCE, UNTIL)
    assert [(row["channel"], row["took_effect_at"], row["note"]) for row in stops] == [
        ("keyword", NOW - SECOND, "before"),
        ("text", NOW + 2 * SECOND, "second"),
        ("keyword", NOW + SECOND, "on another number"),
        ("keyword", NOW + 2 * SECOND, "second"),
        ("keyword", NOW + 3 * SECOND, "third"),
    ]
