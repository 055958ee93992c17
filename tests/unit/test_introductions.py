"""Who writes and how to stop: when a text must say it, in its language, in characters that cost nothing more (R15)."""

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

import orchestrator.wording
from orchestrator.jurisdictions import read_law
from orchestrator.messages import Lane
from orchestrator.people import Person
from orchestrator.purpose import Purpose
from orchestrator.rules.intents import Intent, intent_of
from orchestrator.rules.introductions import Introduction, introduction_of
from orchestrator.rules.law import Law, Place
from orchestrator.rules.state import MessageState
from orchestrator.rules.stop_answers import offered_stop_word
from orchestrator.segments import Encoding, segments_of
from orchestrator.sender_settings import ConfirmationSettings
from orchestrator.wording.facts.language import codes
from orchestrator.wording.introductions import introduce

LAW = read_law()
NOW = datetime(2026, 7, 7, 15, tzinfo=UTC)
SETTINGS = ConfirmationSettings(sender_name="Harbor Books", sender_contact="help@harborbooks.example")
WORDS = tomllib.loads((Path(orchestrator.wording.__file__).parent / "introductions.toml").read_text())


@pytest.mark.parametrize(
    ("situation", "phone", "days", "purpose", "continues", "expected"),
    [
        ("the first text", "+12125550101", None, "informational", False, Introduction.NAME),
        ("the second text", "+12125550101", 1, "informational", False, Introduction.NONE),
        ("after 29 days", "+12125550101", 29, "informational", False, Introduction.NONE),
        ("after 30 days", "+12125550101", 30, "informational", False, Introduction.NAME),
        ("after 31 days", "+12125550101", 31, "informational", False, Introduction.NAME),
        ("the first part after it", "+12125550101", None, "informational", True, Introduction.NONE),
        ("marketing in the United States", "+12125550101", 1, "marketing", False, Introduction.NONE),
        ("marketing in Quebec", "+15145550101", 1, "marketing", False, Introduction.CONTACT),
        ("the first of it", "+15145550101", None, "marketing", False, Introduction.CONTACT),
        ("an informational text in Quebec", "+15145550101", 1, "informational", False, Introduction.NONE),
    ],
)
def test_when_a_text_introduces_its_sender(
    situation: str, phone: str, days: int | None, purpose: str, continues: bool, expected: Introduction
) -> None:
    person = Person(UUID(int=1), phone, texted_at=None if days is None else NOW - timedelta(days=days))
    message = MessageState(
        lane=Lane.HIGH,
        can_delay=True,
        due=NOW,
        not_before=None,
        expires_at=NOW + timedelta(days=1),
        accepted_at=NOW,
        continues=continues,
        purpose=Purpose(purpose),
    )
    assert introduction_of(message, person, LAW, NOW) is expected, situation


def test_marketing_in_a_country_that_an_owner_added_is_not_that_of_canada() -> None:
    britain = Place("BRITAIN", "United Kingdom", "BRITAIN", "GB", frozenset(), ("Europe/London",))
    person = Person(UUID(int=1), "+442079460123", texted_at=NOW - timedelta(days=1))
    message = MessageState(
        lane=Lane.HIGH,
        can_delay=True,
        due=NOW,
        not_before=None,
        expires_at=NOW + timedelta(days=1),
        accepted_at=NOW,
        purpose=Purpose.MARKETING,
    )
    own = Law({"BRITAIN": britain}, [], [], [])
    assert introduction_of(message, person, own, NOW) is Introduction.NONE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Your order is ready.", "Your order is ready.\nHarbor Books. Reply STOP to opt out."),
        (
            "Votre commande est prête, vous pouvez la retirer.",
            "Votre commande est prête, vous pouvez la retirer.\nHarbor Books. "
            "Répondez STOP ou ARRET pour vous désabonner.",
        ),
        (
            "Su pedido está listo para usted.",
            "Su pedido está listo para usted.\nHarbor Books. Responda STOP para darse de baja.",
        ),
        ("Harbor Books: your order is ready. Reply STOP to opt out.", None),
        ("x" * 1_599, None),  # Twilio takes no longer text
    ],
)
def test_the_words_are_in_the_language_of_the_text(text: str, expected: str | None) -> None:
    assert introduce(text, Introduction.NAME, SETTINGS) == (expected or text)


def test_a_canadian_marketing_text_names_the_contact() -> None:
    text = "Harbor Books: 10 % off. Reply STOP to opt out."
    with_contact = introduce(text, Introduction.CONTACT, SETTINGS)
    assert with_contact == f"{text}\nHarbor Books, help@harborbooks.example. Reply STOP to opt out."
    assert introduce(with_contact, Introduction.CONTACT, SETTINGS) == with_contact


def test_without_a_name_nothing_is_added() -> None:
    assert introduce("Your order is ready.", Introduction.NAME, ConfirmationSettings()) == "Your order is ready."


@pytest.mark.parametrize("code", codes())
def test_every_language_has_its_words_which_cost_no_other_alphabet_and_offer_no_answer(code: str) -> None:
    for words in WORDS[code].values():
        ending = words.format(name="Harbor Books", contact="+1 212 555 0100")
        assert segments_of(ending).encoding is Encoding.GSM_7
        assert offered_stop_word(ending) is None
        assert offered_stop_word(f"Will you come? Reply YES or NO\n{ending}") is None
    assert intent_of("STOP")[0] is intent_of("ARRET")[0] is Intent.STOP
