"""Marketing keeps the law of the person's place, from the queue to the phone (R15)."""

import importlib.util
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from typer.testing import CliRunner

from orchestrator.agents import Agent
from orchestrator.consents import ConsentEntry
from orchestrator.errors import SettingsError
from orchestrator.purpose import Purpose
from orchestrator.store.agents import set_agent
from orchestrator.store.consents import write_consents
from orchestrator_cli.main import app
from tests.world import World

FLORIDA = "+13055550101"
STRUCTURED = {"type": "sale", "books": 3}


@pytest.fixture
def shop(world: World) -> World:
    """A world with a person in Florida, and agents whose texts are marketing."""
    set_agent(world.connection, Agent("promo", purpose=Purpose.MARKETING))
    agree(world, world.person(phone=FLORIDA, hourly_limit=10), FLORIDA)
    return world


def agree(world: World, user_id: UUID, phone: str) -> None:
    """The person agrees to marketing on their number."""
    entry = ConsentEntry(
        id=uuid4(),
        user_id=user_id,
        phone_number=phone,
        purpose=Purpose.MARKETING,
        topic=None,
        is_given=True,
        at=world.now - timedelta(days=1),
        until=None,
        source="web form /signup",
        wording=None,
        reference=None,
        recorded_by="test",
    )
    write_consents(world.connection, [entry], [], world.now)


def advertise(world: World, text: str = "All books are cheaper.", **fields: Any) -> UUID:
    return world.message(agent_id="promo_1", message_data={"type": "sale", "message": text}, **fields)


def held(world: World, message_id: UUID) -> tuple[str, str | None, str]:
    ((status, reason, due),) = world.all(
        "SELECT status, reason, scheduled_for AT TIME ZONE 'America/New_York' FROM message_queue WHERE id = %s",
        message_id,
    )
    return status, reason, f"{due:%a %H:%M}"


def test_marketing_after_the_hours_of_the_place_waits_and_explain_cites_the_row(shop: World) -> None:
    shop.travel_to("2026-03-03T20:30:00-05:00")
    message_id = advertise(shop)
    informational = shop.message()
    shop.minute()
    assert held(shop, message_id) == ("queued", "law_hours", "Wed 08:00")
    assert shop.state(informational) == ("sent", None)
    printed = CliRunner().invoke(app, ["explain", str(message_id), "--json"]).output
    assert "Florida: marketing texts 08:00-20:00 (dropcowboy.com/state-compliance of 2025-11-01" in printed
    shop.travel_to("2026-03-04T08:00:00-05:00")
    shop.minute()
    assert shop.state(message_id) == ("sent", None)
    ((note,),) = shop.all("SELECT law_note FROM orchestrator.attempts WHERE message_id = %s", message_id)
    assert "47 CFR 64.1200(c)(1)" in note
    assert "at most 3 marketing texts in 24 hours" in note


def test_the_validity_of_a_text_at_twilio_ends_with_the_window(shop: World) -> None:
    shop.travel_to("2026-03-03T19:30:00-05:00")
    advertise(shop)
    shop.minute()
    assert [text.validity_period for text in shop.phones.texts] == [30 * 60]


def test_a_fourth_text_in_24_hours_waits_until_the_first_is_a_day_old(shop: World) -> None:
    texts = []
    for hour in range(4):
        shop.travel_to(f"2026-03-03T{10 + hour}:00:00-05:00")
        texts.append(advertise(shop, f"Offer {hour}"))
        shop.minute()
    assert [shop.state(text) for text in texts[:3]] == [("sent", None)] * 3
    assert held(shop, texts[3]) == ("queued", "law_cap", "Wed 10:00")
    shop.travel_to("2026-03-04T10:01:00-05:00")
    shop.minute()
    assert shop.state(texts[3]) == ("sent", None)


def test_informational_texts_neither_count_nor_wait(shop: World) -> None:
    for _ in range(4):
        shop.message()
        shop.minute()
    message_id = advertise(shop)
    shop.minute()
    assert shop.state(message_id) == ("sent", None)
    assert shop.all("SELECT sum(law_texts) FROM orchestrator.attempts") == [(1,)]


def test_people_who_share_a_number_share_its_cap(shop: World) -> None:
    agree(shop, shop.person("ben", phone="+1 305 555 0101", hourly_limit=10), FLORIDA)
    for hour in range(3):
        shop.travel_to(f"2026-03-03T{10 + hour}:00:00-05:00")
        advertise(shop, f"Offer {hour}")
        shop.minute()
    message_id = advertise(shop, "Another", user_id="ben")
    shop.minute()
    assert held(shop, message_id)[1] == "law_cap"


def test_a_text_that_went_while_claude_wrote_counts_in_the_statement_that_reserves(shop: World) -> None:
    (user_id,) = shop.all("SELECT id FROM users")[0]

    def others_send_meanwhile(_request: object) -> None:
        shop.claude.misbehave = None
        for _ in range(3):
            shop.connection.execute(
                "INSERT INTO orchestrator.attempts (id, message_id, user_id, conversation_id, phone_number, fingerprint,"
                " local_date, holds_slot, started_at, outcome, law_texts)"
                " VALUES (%s, %s, %s, %s, %s, '', %s, false, %s, 'accepted', 1)",
                (uuid4(), uuid4(), user_id, uuid4(), FLORIDA, shop.now.date(), shop.now - timedelta(hours=1)),
            )

    shop.claude.misbehave = others_send_meanwhile
    message_id = shop.message(agent_id="promo_1", message_data=STRUCTURED)
    shop.minute()
    assert (shop.texts(FLORIDA), held(shop, message_id)[1]) == ([], "law_cap")


def test_a_text_that_twilio_refuses_gives_its_place_under_the_cap_back(shop: World) -> None:
    shop.connection.execute("UPDATE users SET law_place = 'FL'")
    advertise(shop)
    shop.minute()
    shop.connection.execute("UPDATE orchestrator.attempts SET outcome = 'refused', holds_slot = false")
    assert shop.all("SELECT count(*) FROM orchestrator.law_texts((SELECT array_agg(id) FROM users), '-infinity')") == [
        (0,)
    ]


def test_a_person_who_is_active_gets_no_marketing_at_night(shop: World) -> None:
    shop.travel_to("2026-03-03T21:30:00-05:00")
    message_id, other = advertise(shop), shop.message()
    shop.writes("Hello there", phone=FLORIDA)
    shop.deliver()
    shop.minute()
    assert held(shop, message_id) == ("queued", "quiet_hours", "Wed 08:00")
    assert shop.state(other) == ("sent", None)


def test_urgent_marketing_waits_too(shop: World) -> None:
    set_agent(shop.connection, Agent("promo", purpose=Purpose.MARKETING, urgent_at_night=True))
    shop.travel_to("2026-03-03T20:30:00-05:00")
    message_id = advertise(shop, priority="urgent", can_delay=False)
    shop.deliver()
    assert held(shop, message_id) == ("queued", "law_hours", "Wed 08:00")


def test_an_operator_stores_the_state_and_a_state_that_does_not_exist_is_refused(shop: World) -> None:
    command = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"})
    assert command.invoke(app, ["user", "set", "--yes", "ada", "--place", "ri"]).exit_code == 0
    assert shop.all("SELECT law_place FROM users") == [("RI",)]
    refused = command.invoke(app, ["user", "set", "--yes", "ada", "--place", "XX"])
    assert "'XX' is no place of the law" in str(refused.exception)
    shop.travel_to("2026-03-03T18:30:00-05:00")
    message_id = advertise(shop)
    shop.minute()
    assert held(shop, message_id) == ("queued", "law_hours", "Wed 09:00")


def test_a_stored_state_that_does_not_exist_holds_marketing(shop: World) -> None:
    shop.connection.execute("UPDATE users SET law_place = 'Florida!'")
    message_id, other = advertise(shop), shop.message()
    shop.minute()
    assert held(shop, message_id)[1] == "law_place_unknown"
    assert shop.state(other) == ("sent", None)


def test_canadian_marketing_names_its_sender_or_waits(shop: World) -> None:
    agree(shop, shop.person("luc", phone="+15145550101", timezone="America/Toronto"), "+15145550101")
    message_id = advertise(shop, "Tous les livres sont en solde pour vous.", user_id="luc")
    shop.minute()
    assert held(shop, message_id)[1] == "sender_unnamed"
    deliver = shop.functions["deliver"]
    before = deliver.settings
    named = {"sender_name": "Harbor Books", "sender_contact": "+1 212 555 0100"}
    deliver.__dict__["settings"] = before.model_copy(update=named)
    shop.wait(hours=1)
    shop.minute()
    deliver.__dict__["settings"] = before
    assert shop.texts("+15145550101") == [
        "Tous les livres sont en solde pour vous.\nHarbor Books, +1 212 555 0100. "
        "Répondez STOP ou ARRET pour vous désabonner."
    ]


def test_a_sequence_counts_as_a_whole_with_its_first_part(shop: World) -> None:
    sequence = {"sequence_id": str(uuid4()), "sequence_total": 2}
    for position in (1, 2):
        advertise(shop, f"Part {position}", sequence_position=position, **sequence)
    shop.minute()
    counted = shop.all("SELECT law_texts, part FROM orchestrator.attempts ORDER BY part")
    assert counted == [(2, 1), (0, 2)]
    for text in ("Another", "One more"):
        advertise(shop, text)
        shop.minute()
    assert shop.texts(FLORIDA) == ["Part 1", "Part 2", "Another"]


@pytest.mark.parametrize("function", ["deliver", "query"])
def test_a_broken_file_of_the_law_stops_the_function_at_its_start(
    world: World, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    monkeypatch.setenv("LAW_FILE", "no/such/file.toml")
    app = world.functions[function]
    start = importlib.util.spec_from_file_location(f"start_of_{function}", str(app.__file__))
    assert start
    assert start.loader
    with pytest.raises(SettingsError, match="LAW_FILE"):
        start.loader.exec_module(importlib.util.module_from_spec(start))
