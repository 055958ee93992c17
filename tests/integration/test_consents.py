"""Consent (R15): marketing goes to people who agreed to it alone, and a revocation counts at once."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from orchestrator.agents import Agent
from orchestrator.purpose import Purpose
from orchestrator.settings import ConsentFor
from orchestrator.store.agents import set_agent
from orchestrator.store.database import connect
from orchestrator.store.people import change_user
from tests.integration.test_reserve_under_race import EARLY_TEXTS, HoldingSender, race_batches, run_workers
from tests.sizes import size
from tests.world import World, sqs_event, sqs_record

Command = Callable[..., str]

LINES = size(100_000, 20_000)
AGREED = {"action": "record_consent", "user_id": "ada", "purpose": "marketing", "source": "web form /signup"}
REVOKED = {"action": "revoke_consent", "user_id": "ada", "source": "by e-mail"}
SALE = {"action": "record_consent", "user_id": "ada", "topic": "sale", "source": "by phone"}


@pytest.fixture
def shop(world: World) -> World:
    """A person, and an agent whose texts are marketing."""
    world.person(daily_limit=99, hourly_limit=99)
    set_agent(world.connection, Agent("shop", purpose=Purpose.MARKETING))
    return world


def offer(world: World, **fields: Any) -> UUID:
    return world.message(agent_id="shop_1", can_delay=False, **fields)


def test_marketing_goes_to_people_who_agreed_to_it_alone(shop: World) -> None:
    message = offer(shop)
    shop.minute()
    assert (shop.texts(), shop.state(message)) == ([], ("queued", "no_consent"))
    shop.wait(minutes=16)
    shop.minute()
    assert (shop.texts(), shop.state(message)) == ([], ("cancelled", "no_consent"))


def test_a_consent_that_comes_a_little_after_the_message_counts(shop: World) -> None:
    message = offer(shop)
    shop.minute()
    assert shop.publish(AGREED) == {"batchItemFailures": []}
    shop.wait(minutes=2)
    shop.minute()
    assert shop.state(message) == ("sent", None)


@pytest.mark.parametrize(
    ("situation", "entries", "goes"),
    [
        ("agreed", [AGREED], True),
        ("agreed for as long as it lasts", [{**AGREED, "until": "2026-04-01T00:00:00Z"}], True),
        ("ended by itself", [{**AGREED, "given_at": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}], False),
        ("agreed to another purpose", [{**AGREED, "purpose": "informational"}], False),
        ("revoked", [AGREED, {**REVOKED, "purpose": "marketing"}], False),
        ("revoked for another purpose", [AGREED, {**REVOKED, "purpose": "informational"}], True),
        ("revoked for the topic", [AGREED, {**REVOKED, "topic": "sale"}], False),
        ("revoked for another topic", [AGREED, {**REVOKED, "topic": "news"}], True),
        ("agreed to the topic again", [AGREED, {**REVOKED, "topic": "sale"}, SALE], True),
        ("agreed to another topic again", [AGREED, {**REVOKED, "topic": "sale"}, {**SALE, "topic": "news"}], False),
        ("agreed to marketing again, not to the topic", [AGREED, {**REVOKED, "topic": "sale"}, AGREED], False),
        ("revoked the topic after agreeing to it again", [AGREED, SALE, {**REVOKED, "topic": "sale"}], False),
        ("agreed to the topic alone", [SALE], False),
        ("agreed to the topic after revoking marketing", [AGREED, {**REVOKED, "purpose": "marketing"}, SALE], False),
        ("revoked altogether", [AGREED, REVOKED], False),
        ("agreed again", [AGREED, {**REVOKED, "purpose": "marketing"}, AGREED], True),
        ("revoked before it was given", [{**REVOKED, "purpose": "marketing", "revoked_at": "2026-01-01T00:00:00Z"}, AGREED], True),
        ("an implied consent that ended beside an express one",
         [AGREED, {**AGREED, "given_at": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}], True),
    ],
)  # fmt: skip
def test_which_consents_hold(shop: World, situation: str, entries: list[dict[str, Any]], goes: bool) -> None:
    for entry in entries:
        assert shop.publish(entry) == {"batchItemFailures": []}
        shop.wait(seconds=1)
    offer(shop, topic="sale")
    shop.wait(minutes=16)
    shop.minute()
    assert bool(shop.texts()) is goes, situation


def test_stop_ends_a_consent_and_start_does_not_bring_it_back(shop: World) -> None:
    shop.publish(AGREED)
    shop.wait(minutes=1)
    shop.writes("STOP")
    shop.wait(minutes=1)
    shop.writes("START")
    shop.wait(minutes=20)
    message = offer(shop)
    shop.wait(minutes=16)
    shop.minute()
    assert shop.state(message) == ("cancelled", "no_consent")


def test_a_new_number_has_no_consent(shop: World) -> None:
    shop.publish(AGREED)
    shop.connection.execute("UPDATE users SET phone_number = '+12125550177' WHERE external_id = 'ada'")
    message = offer(shop)
    shop.wait(minutes=16)
    shop.minute()
    assert shop.state(message) == ("cancelled", "no_consent")


def test_the_next_person_with_a_number_has_no_consent(shop: World) -> None:
    shop.publish(AGREED)
    change_user(shop.connection, "ada", {"phone_number": "+12125550177"}, shop.now)
    shop.person("bob", daily_limit=99, hourly_limit=99)
    message = offer(shop, user="bob")
    shop.wait(minutes=16)
    shop.minute()
    assert shop.state(message) == ("cancelled", "no_consent")


def test_a_revocation_follows_its_person_to_a_new_number_until_they_agree_there(shop: World) -> None:
    shop.publish({**REVOKED, "topic": "news"}, {**REVOKED, "purpose": "informational"})
    change_user(shop.connection, "ada", {"phone_number": "+12125550177"}, shop.now)
    message = shop.message()
    shop.minute()
    assert shop.state(message) == ("cancelled", "no_consent")
    shop.wait(minutes=1)
    shop.publish({**AGREED, "purpose": "informational"})
    message, news = shop.message(), shop.message(topic="news")
    shop.minute()
    assert (shop.state(message), shop.state(news)) == (("sent", None), ("cancelled", "no_consent"))


def test_a_consent_holds_up_to_its_end_and_not_at_it(shop: World) -> None:
    shop.publish({**AGREED, "until": (shop.now + timedelta(minutes=30)).isoformat()})
    shop.wait(minutes=29, seconds=59, milliseconds=999)
    before = offer(shop)
    shop.minute()
    shop.wait(milliseconds=1)
    at_its_end = offer(shop, message_data={"type": "note", "message": "Bye"})
    shop.minute()
    assert (shop.state(before), shop.state(at_its_end)) == (("sent", None), ("queued", "no_consent"))


def test_a_revocation_of_a_purpose_or_topic_stops_what_needs_no_consent(shop: World) -> None:
    shop.publish({**REVOKED, "topic": "news"})
    news, other = shop.message(topic="news"), shop.message()
    shop.minute()
    assert (shop.state(news), shop.state(other)) == (("cancelled", "no_consent"), ("sent", None))
    shop.publish({**REVOKED, "purpose": "informational"})
    message = shop.message()
    shop.minute()
    assert shop.state(message) == ("cancelled", "no_consent")


def test_a_setting_asks_for_consent_to_what_informs(shop: World) -> None:
    app = shop.functions["deliver"]
    settings = app.settings
    app.__dict__["settings"] = settings.model_copy(update={"consent": ConsentFor.REQUIRE})
    try:
        without = shop.message()
        shop.minute()
        assert shop.state(without) == ("queued", "no_consent")
        shop.publish({**AGREED, "purpose": "informational"})
        shop.wait(minutes=2)
        shop.minute()
        assert shop.state(without) == ("sent", None)
    finally:
        app.__dict__["settings"] = settings


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({**AGREED, "given_at": "2026-03-04T00:00:00Z"}, "given_at"),
        ({**REVOKED, "revoked_at": "2026-03-04T00:00:00Z"}, "revoked_at"),
        ({**AGREED, "given_at": "2026-03-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}, "until"),
        ({**AGREED, "purpose": "sales"}, "purpose"),
        ({**AGREED, "source": " "}, "source"),
        ({**AGREED, "source": "\0\u202e"}, "source"),
        ({**REVOKED, "purpose": "marketing", "topic": "sale"}, "topic"),
        ({**AGREED, "topic": "sale"}, "topic"),
        ({name: value for name, value in AGREED.items() if name != "purpose"}, "purpose"),
        ({**AGREED, "agent_id": "shop"}, "agent_id"),
    ],
)
def test_a_wrong_entry_is_rejected_with_its_field(shop: World, entry: dict[str, Any], field: str) -> None:
    assert shop.publish(entry) == {"batchItemFailures": []}
    assert shop.all("SELECT field FROM orchestrator.rejections") == [(field,)]
    assert shop.all("SELECT 1 FROM orchestrator.consents") == []


def test_the_role_of_an_agent_records_no_consent_for_itself(shop: World) -> None:
    set_agent(shop.connection, Agent("shop", publishers=["AROASHOP"], purpose=Purpose.MARKETING))
    record = sqs_record(json.dumps(AGREED), shop.now)
    record["attributes"]["SenderId"] = "AROASHOP:session"
    shop.invoke("enqueue", sqs_event([record]))
    assert shop.all("SELECT reason FROM orchestrator.rejections") == [("consent_not_allowed",)]


def test_the_same_record_twice_is_one_entry(shop: World) -> None:
    entry = {**AGREED, "message_id": "019cb436-8d80-7c88-af29-573dbcc32d40"}
    shop.publish(entry, entry)
    assert len(shop.all("SELECT 1 FROM orchestrator.consents")) == 1


def test_nothing_is_reserved_once_a_revocation_is_stored(shop: World, database_url: str) -> None:
    """Most workers are at Twilio when the revocation comes; the others wait for the lock that a reservation takes."""
    set_agent(shop.connection, Agent("race", purpose=Purpose.MARKETING))
    shop.connection.execute(
        "INSERT INTO user_message_budget (user_id, date, daily_limit, hourly_limit)"
        " SELECT id, %s, 10000, 10000 FROM users ON CONFLICT (user_id, date) DO UPDATE SET daily_limit = 10000, hourly_limit = 10000",
        (shop.now.date(),),
    )
    (ada,) = shop.all("SELECT id FROM users")[0]
    shop.publish(AGREED)
    early, late = race_batches(shop.connection, ada, shop.now)
    sender = HoldingSender()

    def revoke() -> int:
        shop.publish({**REVOKED, "purpose": "marketing"})
        return len(shop.all("SELECT 1 FROM orchestrator.attempts"))

    with ThreadPoolExecutor(3) as pool, connect(database_url) as other:
        first = pool.submit(run_workers, database_url, early, sender, shop.now)
        while sender.sent.total() < EARLY_TEXTS and not first.done():
            time.sleep(0.005)
        other.execute("BEGIN")
        other.execute("SELECT 1 FROM users WHERE id = %s FOR NO KEY UPDATE", (ada,))
        revoking = pool.submit(revoke)
        assert shop.has_waiting_sessions(1), "a revocation takes the lock that a reservation takes"
        second = pool.submit(run_workers, database_url, late, sender, shop.now)
        assert shop.has_waiting_sessions(1 + len(late))
        other.execute("COMMIT")
        before = revoking.result()
        sender.lets_go.set()
        first.result()
        second.result()
    assert (before, sender.sent.total()) == (EARLY_TEXTS, EARLY_TEXTS)
    assert len(shop.all("SELECT 1 FROM orchestrator.attempts")) == EARLY_TEXTS


# The command line ------------------------------------------------------------------------------------------------------

FILE = """user,action,purpose,topic,source,wording,reference,at,until,recorded_by
ada,given,marketing,,"form, page 2",Yes to offers,R-1,2026-01-01T00:00:00Z,,crm
ada,revoked,,news,by e-mail,,,2026-02-01T00:00:00Z,,
"""


def test_an_operator_records_lists_and_moves_consents(shop: World, run_command: Command, tmp_path: Path) -> None:
    run_command("consent", "add", "--yes", "ada", "--purpose", "marketing", "--source", "on paper")
    shop.wait(minutes=1)
    run_command("consent", "revoke", "--yes", "ada", "--source", "by phone", "--topic", "news")
    entries = json.loads(run_command("consent", "list", "ada", "--json"))
    assert [(entry["purpose"], entry["is_given"], entry["holds"]) for entry in entries] == [
        ("marketing", True, True),
        (None, False, True),
    ]
    shop.wait(minutes=1)
    run_command("consent", "add", "--yes", "ada", "--source", "by phone", "--topic", "news")
    entries = json.loads(run_command("consent", "list", "ada", "--json"))
    assert [(entry["topic"], entry["holds"]) for entry in entries] == [(None, True), ("news", False), ("news", True)]
    run_command("consent", "export", str(tmp_path / "out.csv"))
    again = json.loads(run_command("consent", "import", str(tmp_path / "out.csv"), "--json"))
    assert again == {"lines": 3, "wrong": 0, "recorded_before": 3, "written": 0, "problems": []}


def test_control_characters_are_taken_out_of_what_is_recorded(shop: World) -> None:
    shop.publish({**AGREED, "source": "web\0form", "wording": "Yes,\x1b[31m please"})
    assert shop.all("SELECT source, wording FROM orchestrator.consents") == [("webform", "Yes, please")]


def test_what_is_exported_and_read_again_adds_nothing_and_keeps_its_number(
    shop: World, run_command: Command, tmp_path: Path
) -> None:
    file = str(tmp_path / "out.csv")
    run_command(
        "consent", "add", "--yes", "ada", "--purpose", "marketing", "--source", "paper", "--wording", 'a\nb, "c"'
    )
    shop.publish(AGREED)
    shop.wait(minutes=1)
    run_command("consent", "revoke", "--yes", "ada", "--source", "by phone", "--topic", "news")
    shop.writes("STOP")
    before = shop.all("SELECT * FROM orchestrator.consents ORDER BY id")
    run_command("consent", "export", file)
    run_command("consent", "import", file, "--apply")
    assert shop.all("SELECT * FROM orchestrator.consents ORDER BY id") == before
    shop.wait(minutes=1)
    shop.writes("START")
    shop.wait(minutes=1)
    run_command("consent", "import", file, "--apply")
    assert shop.all("SELECT 1 FROM orchestrator.opt_outs WHERE ended_at IS NULL") == []
    shop.connection.execute("DELETE FROM orchestrator.consents")
    change_user(shop.connection, "ada", {"phone_number": "+12125550177"}, shop.now)
    run_command("consent", "import", file, "--apply")
    assert {row[0] for row in shop.all("SELECT phone_number FROM orchestrator.consents")} == {"+12125550101"}


@pytest.mark.parametrize(
    "content",
    [
        b"user;purpose;source\nada;marketing;form\n",
        b"user\tpurpose\tsource\nada\tmarketing\tform\n",
        "user,purpose,source\nada,marketing,form\n".encode("utf-16"),
        b"User, Purpose ,SOURCE\r\n\r\nada, marketing, form\r\n,,\r\n",
        b'user,purpose,source,wording\nada,marketing,form,"two\nlines"\n',
    ],
    ids=["semicolons", "tabs", "UTF-16", "other case, spaces and empty lines", "two lines in a value"],
)
def test_a_file_as_spreadsheets_write_it_is_read(
    shop: World, run_command: Command, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "consents.csv").write_bytes(content)
    run_command("consent", "import", str(tmp_path / "consents.csv"), "--apply")
    assert shop.all("SELECT purpose, source FROM orchestrator.consents") == [("marketing", "form")]


def test_an_opt_out_that_is_exported_and_imported_leaves_its_row_as_it_is(
    shop: World, run_command: Command, tmp_path: Path
) -> None:
    file = str(tmp_path / "out.csv")
    shop.writes("STOP")
    shop.wait(minutes=1)
    run_command("consent", "export", file)
    for word in ("", "START"):
        if word:
            shop.writes(word)
        before = shop.all("SELECT * FROM orchestrator.opt_outs")
        assert "1 recorded before, 0 written" in run_command("consent", "import", file, "--apply")
        assert shop.all("SELECT * FROM orchestrator.opt_outs") == before
        shop.wait(minutes=1)


def test_an_exported_line_that_was_changed_is_named(shop: World, run_command: Command, tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    shop.publish(AGREED)
    run_command("consent", "export", str(file))
    exported = file.read_text()
    file.write_text(exported.replace(",marketing,", ",informational,"))
    changed = run_command("consent", "import", str(file), "--apply", code=1)
    assert "line 2: id: is that of an entry with other content" in changed
    file.write_text(exported + exported.splitlines()[1].replace(",marketing,", ",informational,") + "\n")
    assert "line 3: id: says the same as line 2" in run_command("consent", "import", str(file), code=1)


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        (["given 01 03", "given 03 05"], []),
        (["given 01 03", "given 02 05"], [3]),
        (["given 02 05", "given 01 03"], [3]),
        (["given 01 ", "given 03 ", "revoked 02 "], []),  # whatever the order of the lines
        (["given 01 ", "revoked 01 ", "given 03 "], []),
        (["given 01 ", "given 02 03", "given 04 05"], [3, 4]),
    ],
)
def test_two_consents_that_hold_at_the_same_time_are_named(
    shop: World, run_command: Command, tmp_path: Path, lines: list[str], wrong: list[int]
) -> None:
    assert shop
    file = tmp_path / "consents.csv"
    file.write_text("user,source,purpose,action,at,until\n")
    with file.open("a") as output:
        for line in lines:
            action, *months = line.split(" ")
            at, until = (f"2025-{month}-01T00:00:00Z" if month else "" for month in months)
            output.write(f"ada,form,marketing,{action},{at},{until}\n")
    found = json.loads(run_command("consent", "import", str(file), "--json", code=1 if wrong else 0))
    assert [problem["line"] for problem in found["problems"]] == wrong


def test_a_file_is_read_as_a_whole_or_not_at_all(shop: World, run_command: Command, tmp_path: Path) -> None:
    file = tmp_path / "consents.csv"
    file.write_bytes(b"\xef\xbb\xbf" + FILE.replace("\n", "\r\n").encode())
    assert "Nothing is written" in run_command("consent", "import", str(file))
    assert shop.all("SELECT 1 FROM orchestrator.consents") == []
    for _ in range(2):  # a second time changes nothing
        run_command("consent", "import", str(file), "--apply")
    assert shop.all("SELECT purpose, topic, source, recorded_by FROM orchestrator.consents ORDER BY at")[0] == (
        "marketing",
        None,
        "form, page 2",
        "crm",
    )
    assert len(shop.all("SELECT 1 FROM orchestrator.consents")) == 2


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("eve,given,marketing,,form,,,,,", "line 4: user: is not a known person"),
        ("ada,given,sales,,form,,,,,", "line 4: purpose"),
        ("ada,given,,,form,,,,,", "line 4: purpose: is missing"),
        ("ada,given,marketing,,,,,,,", "line 4: source: is missing"),
        ("ada,given,marketing,,form,,,2026-13-01,,", "line 4: given_at"),
        ("ada,given,marketing,,form,,,2999-01-01T00:00:00Z,,", "line 4: given_at: lies in the future"),
        ("ada,given,marketing,,form,,,2026-02-01T00:00:00Z,2026-01-01T00:00:00Z,", "line 4: until"),
        ("ada,agreed,marketing,,form,,,,,", "line 4: action"),
        (",given,marketing,,form,,,,,", "line 4: user_id: is missing"),
        ("ada,revoked,,news,by e-mail,,,2026-02-01T00:00:00Z,,", "line 4: line: says the same as line 3"),
        ("ada,given,marketing,,form,,,,,,extra", "line 4: it has more values"),
        ("ada,given,marketing,,other form,,,2026-02-01T00:00:00Z,,", "line 4: line: overlaps the consent of line 2"),
        ("ada,revoked,,,letter,,,,,", "line 4: at: is missing"),
        ("ada,given,marketing,,\0,,,,,", "line 4: source"),
        ('ada,given,marketing,,"form,,,,,', "line 4: the line is no CSV"),
        (f"ada,given,marketing,,{'x' * 200_000},,,,,", "line 4: source"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_written(
    shop: World, run_command: Command, tmp_path: Path, line: str, problem: str
) -> None:
    (tmp_path / "consents.csv").write_text(FILE + line + "\n")
    assert problem in run_command("consent", "import", str(tmp_path / "consents.csv"), "--apply", code=1)
    assert shop.all("SELECT 1 FROM orchestrator.consents") == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (FILE.replace("page 2", "Straße").encode("latin-1"), "line 2: the file is not in UTF-8"),
        (b"name,source\nada,form\n", "it has name; the first line names columns"),
        (b"", "the first line names columns"),
        (b"user,source,source\nada,form,form\n", "it has source twice"),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error(
    shop: World, run_command: Command, tmp_path: Path, content: bytes, problem: str
) -> None:
    (tmp_path / "consents.csv").write_bytes(content)
    assert problem in run_command("consent", "import", str(tmp_path / "consents.csv"), code=1)


def test_a_large_file_is_read_at_once(shop: World, run_command: Command, tmp_path: Path) -> None:
    instants = (datetime(2000, 1, 1, tzinfo=UTC) + timedelta(hours=number) for number in range(LINES))
    lines = "".join(
        f"ada,given,marketing,,form,,,{at.isoformat()},{(at + timedelta(hours=1)).isoformat()},\n" for at in instants
    )
    (tmp_path / "consents.csv").write_text(FILE.splitlines()[0] + "\n" + lines)
    assert f"{LINES} written" in run_command("consent", "import", str(tmp_path / "consents.csv"), "--apply")


def test_a_revocation_of_everything_is_an_opt_out(shop: World, run_command: Command) -> None:
    run_command("consent", "revoke", "--yes", "ada", "--source", "by phone")
    assert shop.all("SELECT source, note FROM orchestrator.opt_outs WHERE ended_at IS NULL") == [
        ("revoked", "by phone")
    ]
