"""The evidence of a person: what each text was, why it went, and what became of each STOP (R15)."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from orchestrator.agents import Agent
from orchestrator.errors import OrchestratorError
from orchestrator.maintenance.evidence_file import check_evidence
from orchestrator.purpose import Purpose
from orchestrator.store.agents import set_agent
from orchestrator.store.opt_outs import OptOut, write_opt_outs
from orchestrator_cli.main import app
from tests.integration.test_law import advertise, agree
from tests.world import World

PHONE = "+12125550101"


def write(folder: Path, *arguments: str) -> Result:
    span = ("--from", "2026-03-01", "--to", "2026-12-31")
    return CliRunner().invoke(app, ["evidence", "ada", *span, "--file", str(folder / "ada.html"), *arguments])


def entries(folder: Path) -> list[dict[str, Any]]:
    result = write(folder)
    assert result.exit_code == 0, result.output
    return check_evidence((folder / "ada.html").read_text())


@pytest.fixture
def lived(world: World) -> World:
    """Ada got a text after her quiet hours, and stopped: by a text, and, after a START, by telephone."""
    world.person(timezone="America/New_York")
    world.travel_to("2026-03-03T23:00:00-05:00")
    world.message(message_data={"type": "x", "message": "Your <b>parcel</b> came </script>"})
    world.minute()
    world.travel_to("2026-03-04T08:00:00-05:00")
    world.minute()
    world.wait(minutes=5)
    world.writes("STOP")
    world.wait(hours=1)
    world.writes("START")
    world.wait(days=1)
    by_phone = OptOut(PHONE, "operator", world.now, note="by telephone", recorded_at=world.now)
    world.wait(hours=2)
    with world.connection.transaction():
        write_opt_outs(world.connection, [by_phone], world.now)
    return world


def test_the_file_shows_why_a_text_went_and_what_became_of_each_stop(lived: World, tmp_path: Path) -> None:
    first, text, stop, call = entries(tmp_path)
    assert (first["texts"], first["stops"]) == (1, 2)
    assert "Your <b>parcel</b> came </script>" in text["words"]
    assert text["local_times"] == ["Wed 2026-03-04 08:00:00 EST (America/New_York)"]
    assert (text["purpose"], text["outcome"], text["number"]) == ("informational", "accepted", PHONE)
    ((sid,),) = lived.all("SELECT twilio_message_sid FROM orchestrator.attempts")
    assert text["twilio_message_sid"] == sid
    assert "the person's quiet hours (R3)" in text["decided_by"][0]
    assert (stop["words"], stop["channel"], stop["read_by"]) == ("STOP", "text", "keyword")
    assert (stop["at"], stop["took_effect_at"]) == ("2026-03-04T13:05:00.000000+00:00",) * 2
    assert stop["ended_at"] == "2026-03-04T14:05:00.000000+00:00"
    assert (call["channel"], call["note"], call["words"]) == ("operator", "by telephone", None)
    assert (call["at"], call["took_effect_at"]) == (
        "2026-03-05T14:05:00.000000+00:00",
        "2026-03-05T16:05:00.000000+00:00",
    )


def test_the_file_stays_the_same_when_the_words_are_cleared_and_when_settings_change(
    lived: World, tmp_path: Path
) -> None:
    before = entries(tmp_path)[1:]
    lived.wait(days=366)
    lived.night()
    assert lived.all("SELECT 1 FROM messages WHERE content <> ''") == []
    lived.all("UPDATE users SET timezone = 'Asia/Tokyo' RETURNING 1")
    set_agent(lived.connection, Agent("concierge", purpose=Purpose.MARKETING))
    assert [{**entry, "hash": ""} for entry in entries(tmp_path)[1:]] == [{**entry, "hash": ""} for entry in before]


def test_the_file_shows_the_consent_that_was_known_when_the_text_began(lived: World, tmp_path: Path) -> None:
    consent = (
        "INSERT INTO orchestrator.consents (id, user_id, phone_number, purpose, is_given, at, source, recorded_by,"
        " recorded_at) SELECT gen_random_uuid(), id, phone_number, 'informational', %s, %s, %s, 'shop', %s FROM users"
    )
    for is_given, at, source, recorded_at in (
        (True, "2026-03-01T12:00Z", "web form", "2026-03-01T12:00Z"),
        (True, "2026-03-02T12:00Z", "a letter that was read later", "2026-03-05T12:00Z"),
        (False, "2026-03-03T12:00Z", "an e-mail that was read later", "2026-03-06T12:00Z"),
    ):
        lived.connection.execute(consent, (is_given, at, source, recorded_at))
    (_, revoked, text, *_) = entries(tmp_path)
    assert text["consent"]["source"] == "web form"
    assert (revoked["scope"], revoked["channel"]) == ("informational", "an e-mail that was read later")
    assert revoked["took_effect_at"] == "2026-03-06T12:00:00.000000+00:00"
    assert "source: web form" in (tmp_path / "ada.html").read_text()


def test_the_confirmation_of_an_opt_out_is_justified_as_one(world: World, tmp_path: Path) -> None:
    inbound, deliver = (world.functions[name] for name in ("inbound", "deliver"))
    settings = inbound.settings, deliver.settings
    for function in (inbound, deliver):
        function.__dict__["settings"] = function.settings.model_copy(update={"sender_name": "Harbor Books"})
    try:
        world.person()
        world.writes("please stop texting me")
        world.deliver()
    finally:
        inbound.__dict__["settings"], deliver.__dict__["settings"] = settings
    confirmation = next(entry for entry in entries(tmp_path) if entry["kind"] == "text")
    assert confirmation["words"].startswith("Harbor Books: You are unsubscribed")
    assert confirmation["decided_by"][-1] == "the one confirmation of an opt-out (R11)"


def test_marketing_is_justified_by_consent_and_law_and_the_page_explains_its_words(
    world: World, tmp_path: Path
) -> None:
    user_id = world.person(phone="+13055550101")
    set_agent(world.connection, Agent("promo", purpose=Purpose.MARKETING))
    agree(world, user_id, "+13055550101")
    advertise(world, priority="high")
    world.minute()
    (_, text) = entries(tmp_path)
    assert "consent and the law of the place let it go (R1-R6, R11, R15)" in text["decided_by"][-1]
    page = (tmp_path / "ada.html").read_text()
    assert "R1 to R15 are the rules in docs/rules.md" in page
    assert "A secondary source reports a law" in page


def test_a_text_that_a_recovery_found_at_twilio_claims_no_decision(lived: World, tmp_path: Path) -> None:
    lived.connection.execute("UPDATE orchestrator.attempts SET fingerprint = 'recovered'")
    text = next(entry for entry in entries(tmp_path) if entry["kind"] == "text")
    assert "what decided on it is lost" in text["decided_by"][-1]


def test_a_text_to_a_number_without_a_place_stands_at_its_time_in_utc(lived: World, tmp_path: Path) -> None:
    lived.all("UPDATE orchestrator.attempts SET zone = NULL, phone_number = '+18005550101' RETURNING 1")
    assert entries(tmp_path)[1]["local_times"] == []
    assert "informational text, 2026-03-04 13:00:00 UTC" in (tmp_path / "ada.html").read_text()


def test_a_text_outside_the_span_is_not_in_the_file(lived: World, tmp_path: Path) -> None:
    lived.wait(days=1)
    result = write(tmp_path, "--from", "2026-03-05", "--json")
    assert json.loads(result.stdout)["texts"] == 0
    assert json.loads(result.stdout)["stops"] == 1


@pytest.mark.parametrize(
    ("change", "with_what"),
    [
        (r'"informational"', '"transactional"'),  # a fact
        (r"<dd>informational</dd>", "<dd>transactional</dd>"),  # what a reader sees
        (r'(?s),\n \{\n  "kind": "stop".*?\n \}', ""),  # an entry
        (r"(?s)<script.*", ""),
        (r'"kind": "evidence"', '"kind": ['),
    ],
)
def test_an_altered_file_is_recognized(lived: World, tmp_path: Path, change: str, with_what: str) -> None:
    assert lived
    entries(tmp_path)
    page = (tmp_path / "ada.html").read_text()
    altered, times = re.subn(change, with_what, page, count=1)
    assert times == 1
    with pytest.raises(OrchestratorError, match=r"altered|no evidence file"):
        check_evidence(altered)


def test_the_command_checks_a_file(lived: World, tmp_path: Path) -> None:
    assert lived
    (*_, last) = entries(tmp_path)
    result = CliRunner().invoke(app, ["evidence-check", str(tmp_path / "ada.html")])
    assert result.exit_code == 0
    assert last["hash"] in result.output.replace("\n", "")
    assert ((tmp_path / "ada.html").stat().st_mode & 0o777) == 0o600


@pytest.mark.parametrize(
    ("first", "last"), [("2026-02-30", "2026-03-01"), ("March", "2026-03-01"), ("2026-03-02", "2026-03-01")]
)
def test_a_span_that_is_none_is_refused(world: World, first: str, last: str) -> None:
    assert world
    result = CliRunner().invoke(app, ["evidence", "ada", "--from", first, "--to", last])
    assert result.exit_code == 2
