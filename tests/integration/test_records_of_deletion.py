"""A deletion, row by row: each row beside those that it is about fails one condition alone."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from orchestrator.store.privacy import DeletedRecords, clear_person_sids, delete_person, read_identity, read_person_sids
from tests.fated_rows import GONE, KEPT, Fate, FatedRows
from tests.rows_by_name import id_of

NOW = datetime(2026, 3, 3, 15, tzinfo=UTC)
BEFORE = datetime(2026, 2, 1, tzinfo=UTC)
# Her number, three former ones that nobody has, and former ones that one, two and two people have now.
HERS, HAD, HAD_TOO, HAD_LAST = "+12125550101", "+12125550108", "+12125550107", "+12125550106"
OF_BEN, OF_TWO, OF_TWO_TOO = "+12125550109", "+12125550110", "+12125550111"
ELSEWHERE = "+12125550112"
TRACE, NAME = r"ada@example\.com", "Ada Lovelace"
WITH_TRACE = "ask ada@example.com"


@pytest.fixture
def rows(connection: Connection) -> Iterator[FatedRows]:
    """Ada, who is to be deleted, and people beside her; nothing else changes than what a row says."""
    rows = FatedRows(connection)
    former = [HAD, HAD_TOO, HAD_LAST, OF_BEN, OF_TWO, OF_TWO_TOO]
    people: list[tuple[str, str, Any]] = [
        ("ada", HERS, former), ("ben", OF_BEN, None), ("cem", "(212) 555-0110", None), ("dora", "+12125550122", None),
        ("dora's sharer", "(212) 555-0111", None), ("eva", "+12125550124", None), ("fay", "(212) 555-0125", None),
        ("gil", "no number", None), ("hal", OF_TWO, None), ("ida", OF_TWO_TOO, None), ("held", "+12125550126", None),
    ]  # fmt: skip
    for number, (name, phone, history) in enumerate(people, 1):
        connection.execute(
            "INSERT INTO users (id, external_id, phone_number, phone_number_history) VALUES (%s, %s, %s, to_jsonb(%s::text[]))",
            (person(number), name, phone, history or []),
        )
    yield rows
    assert rows.unexpected() == {}


def person(number: int) -> UUID:
    return UUID(int=number)


ADA, BEN, CEM, DORA, SHARER, EVA, FAY, GIL, HAL, IDA, HELD = map(person, range(1, 12))


def delete_ada(connection: Connection, *hashes: str) -> DeletedRecords:
    identity = read_identity(connection, ADA)
    assert identity is not None
    return delete_person(connection, identity, hashes, TRACE, NAME, NOW)


def test_opt_outs_go_with_their_person_or_on_with_those_who_share_the_number(
    connection: Connection, rows: FatedRows
) -> None:
    def opt_out(situation: str, fate: Any, phone: str, user_id: UUID | None, **columns: Any) -> None:
        rows.add("orchestrator.opt_outs", situation, fate, phone_number=phone, user_id=user_id, note="n", **columns)

    opt_out("hers, on her number", GONE, HERS, ADA)
    opt_out("hers, ended", GONE, HERS, ADA, ended_at=BEFORE)
    opt_out("nobody's, on her number, ended", GONE, HERS, None, ended_at=BEFORE)
    opt_out("another's on her number, ended", GONE, HERS, BEN, ended_at=BEFORE)
    opt_out("hers, on a number that was never hers", GONE, ELSEWHERE, ADA)
    opt_out("another's, on a number that was never hers", KEPT, "+12125550113", BEN)
    opt_out("hers, on a former number that Ben has now", {"user_id": BEN, "note": None}, OF_BEN, ADA)
    opt_out("hers, ended, on a former number that Ben has now", GONE, OF_BEN, ADA, ended_at=BEFORE)
    opt_out("nobody's, ended, on a former number that Ben has now", KEPT, OF_BEN, None, ended_at=BEFORE)
    opt_out("Ben's, ended, on a number that he has and she had", KEPT, OF_BEN, BEN, ended_at=BEFORE)
    opt_out("nobody's, on a number that two people have", {"user_id": CEM, "note": None}, OF_TWO, None)
    opt_out("of the second of two who share the number", {"note": None}, OF_TWO_TOO, IDA)
    # Dora said STOP on two numbers that were hers and Ada's: the first goes on with the number that she has.
    opt_out("Dora's on a number that both had", {"phone_number": "+12125550122"}, HAD, DORA, id=UUID(int=1))
    opt_out("Dora's on another one", GONE, HAD_TOO, DORA, id=UUID(int=2))
    opt_out("Dora's on the first, ended", GONE, HAD, DORA, ended_at=BEFORE)
    opt_out("Eva's on a former number", GONE, HAD_LAST, EVA)
    opt_out("Eva's on her own number", KEPT, "+12125550124", None)
    rows.add("orchestrator.numbers", "her number", GONE, phone_number=HERS)
    rows.add("orchestrator.numbers", "a number that she had", GONE, phone_number=HAD)
    rows.add("orchestrator.numbers", "a number that Ben has now", KEPT, phone_number=OF_BEN)
    rows.add("orchestrator.numbers", "a number that was never hers", KEPT, phone_number=ELSEWHERE)
    connection.execute("INSERT INTO orchestrator.forgotten_opt_outs VALUES ('known', %s)", (BEFORE,))
    delete_ada(connection, "known", "new")
    assert connection.execute("SELECT * FROM orchestrator.forgotten_opt_outs ORDER BY 1").fetchall() == [
        ("known", BEFORE),
        ("new", NOW),
    ]


def test_the_opt_out_of_a_former_owner_goes_on_with_the_number_that_they_have(
    connection: Connection, rows: FatedRows
) -> None:
    table = "orchestrator.opt_outs"
    rows.add(table, "in any spelling", {"phone_number": "+12125550125"}, phone_number=HAD, user_id=FAY)
    rows.add(table, "also where it ended there", KEPT, phone_number="+12125550125", ended_at=BEFORE)
    rows.add(table, "not after it ended", GONE, phone_number=HAD_LAST, user_id=HAL, ended_at=BEFORE)
    rows.add(table, "hers on a former number goes", GONE, phone_number="+12125550114", user_id=ADA)
    rows.add(
        table, "nor where another has it", {"user_id": BEN, "note": None}, phone_number=OF_BEN, user_id=HELD, note="n"
    )
    rows.add(
        table, "as it stands, where it is no number", {"phone_number": "no number"}, phone_number=HAD_TOO, user_id=GIL
    )
    delete_ada(connection)


def test_each_of_her_rows_loses_what_is_about_her(connection: Connection, rows: FatedRows) -> None:
    for owner, user_id, fate in (("ada", ADA, GONE), ("ben", BEN, KEPT)):
        for table in (
            "consents", "number_checks", "answer_hours", "kept_words", "topic_withdrawals", "events",
        ):  # fmt: skip
            rows.add(f"orchestrator.{table}", f"{table} of {owner}", fate, user_id=user_id)
        read = rows.add("orchestrator.readings", f"reading of {owner}", fate, user_id=user_id)
        rows.add("orchestrator.media", f"medium of {owner}", fate, inbound_id=read)
        rows.add("orchestrator.pauses", f"pause of {owner}", fate, scope="user", value=str(user_id))
    rows.add("orchestrator.pauses", "pause of an agent with her id", KEPT, scope="agent", value=str(ADA))

    closed = {"phone_number": "forgotten", "conversation_summary": None, "status": "closed"}
    for owner, user_id, fate in (("ada", ADA, closed), ("ben", BEN, KEPT)):
        talk = rows.add("conversations", f"talk of {owner}", fate, user_id=user_id, conversation_summary="s")
        for status in ("pending", "queued", "queued_for_send", "sent", None):
            emptied = {"content": ""} if status in ("sent", None) else {"content": "", "status": "failed"}
            rows.add(
                "messages", f"{status} text of {owner}", emptied if user_id == ADA else KEPT,
                conversation_id=talk, user_id=user_id, content="words", status=status,
            )  # fmt: skip

    forgotten = {
        "message_data": {"type": "forgotten"}, "final_message": None, "words_source": "forgotten", "topic": None,
        "superseded_reason": None,
    }  # fmt: skip
    cancelled = {**forgotten, "reason": "forgotten", "status": "cancelled", "lease_until": None}
    about = {
        "message_data": {"said": "x"}, "final_message": "x", "words_source": "claude", "topic": "x",
        "superseded_reason": "x", "reason": "held", "lease_until": NOW,
    }  # fmt: skip
    for owner, user_id in (("ada", ADA), ("ben", BEN)):
        for status, fate in (
            ("queued", cancelled),
            ("approved", cancelled),
            ("sending", forgotten),
            ("failed", {**forgotten, "lease_until": None}),
        ):
            is_ada = user_id == ADA
            message_id = rows.add(
                "message_queue", f"{status} message of {owner}", fate if is_ada else KEPT,
                user_id=user_id, status=status, **about,
            )  # fmt: skip
            at = {"message_id": message_id}
            rows.add(
                "orchestrator.relevance",
                f"verdict, {status}, {owner}",
                {"why": ""} if is_ada else KEPT,
                why="y",
                inbound_id=message_id,
                **at,
            )
            rows.add("orchestrator.approvals", f"approval, {status}, {owner}", GONE if is_ada else KEPT, **at)
        empty = dict.fromkeys(("error", "zone", "law_note", "words_digest", "data_digest"))
        rows.add(
            "orchestrator.attempts", f"attempt of {owner}", {"phone_number": "", "fingerprint": "", **empty} if is_ada else KEPT,
            user_id=user_id, phone_number=HERS, fingerprint="f", **dict.fromkeys(empty, "x"),
        )  # fmt: skip
        for status, after in (("pending", {"status": "cancelled"}), ("done", {})):
            rows.add(
                "agent_tasks", f"{status} task of {owner}", {"context_json": {}, "result_json": None, "error_log": None, **after} if is_ada else KEPT,
                user_id=user_id, status=status, context_json={"a": 1}, result_json={"a": 1}, error_log="e",
            )  # fmt: skip

    said: dict[str, Any] = {"input_data": {"a": 1}, "error": "e", "output_data": {"text": "t", "b": 2}}
    gone = {"user_id": None, "input_data": None}
    for situation, fate, columns in (
        ("ours", {**gone, "output_data": {"b": 2}}, {"agent_type": "message_orchestrator"}),
        ("ours, with a trace in its output", {**gone, "output_data": None}, {"agent_type": "message_orchestrator", "output_data": {"b": WITH_TRACE}}),
        ("ours, with a trace in its error", {**gone, "output_data": {"b": 2}, "error": None}, {"agent_type": "message_orchestrator", "error": WITH_TRACE}),
        ("another agent's", {**gone, "output_data": None, "error": None}, {"agent_type": "concierge"}),
        ("about Ben", KEPT, {"agent_type": "concierge", "user_id": BEN}),
    ):  # fmt: skip
        rows.add("agent_actions_log", situation, fate, **{"user_id": ADA, **said, **columns})

    assert delete_ada(connection) == DeletedRecords(
        messages=5, queued_messages=4, conversations=1, agent_tasks=2, log_entries=4, in_other_rows=0
    )
    assert connection.execute(
        "SELECT message_id, at, status, reason FROM orchestrator.timeline ORDER BY 1"
    ).fetchall() == sorted(
        (id_of(f"{status} message of ada"), NOW, "cancelled", "forgotten") for status in ("queued", "approved")
    )


# Words in a row of others, and whether they name her: by a trace, by her name alone, or not.
WORDS = (("a trace", WITH_TRACE, True, True), ("her name", f"for {NAME}", False, True), ("neither", "x", False, False))


def test_rows_of_others_go_or_lose_what_names_her(connection: Connection, rows: FatedRows) -> None:
    own, counted = "orchestrator.", 0

    def row(table: str, situation: str, fate: Fate, **columns: Any) -> None:
        nonlocal counted
        counted += fate != KEPT
        rows.add(own + table, f"{table}: {situation}", fate, **columns)

    for what, words, has_trace, names_her in WORDS:
        by_trace, by_any = (GONE if has_trace else KEPT), (GONE if names_her else KEPT)
        row("pauses", what, {"note": None} if names_her else KEPT, note=words)
        row("legal_holds", what, {"note": "names a person who was deleted"} if names_her else KEPT, note=words)
        for column, value, emptied in (
            ("target", words, {"target": "forgotten"}),
            ("change", {"x": words}, {"target": "forgotten", "change": {}}),
            ("reason", words, {"target": "forgotten", "reason": None}),
        ):
            row("operator_actions", f"{what} in {column}", emptied if names_her else KEPT, **{column: value})
        for column in ("agent_id", "field", "problem"):
            row("rejections", f"{what} in {column}", by_trace, **{column: words})
        row("events", f"{what}, of nobody", by_trace, detail={"x": words})
        row("events", f"{what}, of Ben", KEPT, user_id=BEN, detail={"x": words})
        row("strangers", f"{what} in the body", by_any, body=words)
        row("strangers", f"{what} in the media", by_trace, media={"x": words})
    row("operator_actions", "about her", {"target": "forgotten"}, user_id=ADA)
    row("operator_actions", "about Ben", KEPT, user_id=BEN)
    row("strangers", "on her former number", GONE, phone_number=HAD)
    row("strangers", "a trace for a number", GONE, phone_number=WITH_TRACE)
    row("strangers", "on another number", KEPT, phone_number=ELSEWHERE)
    assert delete_ada(connection).in_other_rows == counted


def test_tasks_and_log_entries_of_others_lose_what_names_her(connection: Connection, rows: FatedRows) -> None:
    """A name counts where no person is named: Ben may know another person of that name."""
    task_columns, log_columns = ("context_json", "result_json", "error_log"), ("input_data", "output_data", "error")
    counted = 0
    rows.add("orchestrator.legal_holds", "a hold", user_id=HELD)
    for what, words, has_trace, names_her in WORDS:
        for owner, user_id, is_emptied in (
            ("Ben", BEN, has_trace),
            ("nobody", None, names_her),
            ("one under a legal hold", HELD, False),
        ):
            for number, (of_task, of_log) in enumerate(zip(task_columns, log_columns, strict=True)):
                status, ended = ("pending", {"status": "cancelled"}) if number else ("done", {})
                value = words if of_task == "error_log" else {"x": words}
                cleared: dict[str, Any] = {**({of_task: None} if number else {}), "context_json": {}, **ended}
                given = {"user_id": user_id, "context_json": {"x": 1}, "status": status, of_task: value}
                rows.add("agent_tasks", f"{what} in {of_task} of {owner}", cleared if is_emptied else KEPT, **given)
                fate = {of_log: None} if is_emptied else KEPT
                logged = {"user_id": user_id, of_log: value}
                rows.add("agent_actions_log", f"{what} in {of_log} of {owner}", fate, **logged)
                counted += 2 * is_emptied
    hers = {"x": WITH_TRACE}
    rows.add("agent_tasks", "her own task", {"context_json": {}}, user_id=ADA, status="done", context_json=hers)
    rows.add("agent_actions_log", "her own log entry", {"user_id": None, "error": None}, user_id=ADA, error=WITH_TRACE)
    assert delete_ada(connection).in_other_rows == counted


def test_ids_of_texts_at_twilio_are_read_and_cleared_of_one_person(connection: Connection, rows: FatedRows) -> None:
    for owner, user_id in (("ada", ADA), ("ben", BEN)):
        talk = rows.add("conversations", f"talk of {owner}", user_id=user_id)
        for sid in (f"SM1 {owner}", f"SM2 {owner}", "SM of both", None):
            fate = {"twilio_message_sid": None} if sid in ("SM1 ada", "SM of both") and user_id == ADA else KEPT
            common: dict[str, Any] = {"user_id": user_id, "twilio_message_sid": sid}
            rows.add("messages", f"text {sid} of {owner}", fate, conversation_id=talk, **common)
            rows.add("orchestrator.attempts", f"attempt {sid} of {owner}", fate, **common)
        rows.add(
            "orchestrator.attempts", f"attempt alone of {owner}", user_id=user_id, twilio_message_sid=f"SM3 {owner}"
        )
        rows.add(
            "messages",
            f"text alone of {owner}",
            user_id=user_id,
            conversation_id=talk,
            twilio_message_sid=f"SM4 {owner}",
        )
    assert read_person_sids(connection, str(ADA)) == ["SM of both", "SM1 ada", "SM2 ada", "SM3 ada", "SM4 ada"]
    clear_person_sids(connection, str(ADA), ["SM1 ada", "SM of both", "SM1 ben"])
