"""Writes who texts and how to stop, at the end of a text in its language, and as the answer to HELP (R15)."""

import re
import tomllib
from functools import cache
from pathlib import Path

from orchestrator.rules.introductions import Introduction
from orchestrator.sender_settings import ConfirmationSettings
from orchestrator.wording.facts.language import language_of

_HELP_LANGUAGES = {"aide": "fr", "ayuda": "es", "ajuda": "pt", "hilfe": "de"}
_STOP = re.compile(r"\bSTOP\b")
# What Twilio takes (error 21617).
_MOST_CHARACTERS = 1_600


def can_introduce(introduction: Introduction, settings: ConfirmationSettings) -> bool:
    """Whether the settings name what an introduction says."""
    if introduction is Introduction.CONTACT:
        return bool(settings.sender_name and settings.sender_contact)
    return introduction is Introduction.NONE or settings.sender_name is not None


def introduce(text: str, introduction: Introduction, settings: ConfirmationSettings) -> str:
    """Add who writes and how to stop to a text that does not say both already.

    A text that would become longer than Twilio takes stays as it is, and so does every text where the settings name no
    sender.
    """
    if introduction is Introduction.NONE or not can_introduce(introduction, settings):
        return text
    needed = [settings.sender_name] if introduction is Introduction.NAME else _sender(settings)
    if _STOP.search(text) and all(str(name).casefold() in text.casefold() for name in needed):
        return text
    ending = _words()[language_of(text).code][introduction].format(
        name=settings.sender_name, contact=settings.sender_contact
    )
    longer = f"{text}\n{ending}"
    return longer if len(longer) <= _MOST_CHARACTERS else text


def help_words(body: str, settings: ConfirmationSettings) -> str:
    """The answer to HELP, in the language of the word that asked for it."""
    language = _HELP_LANGUAGES.get(body.strip().strip(".!?").casefold(), "en")
    return _words()[language]["help"].format(name=settings.sender_name, contact=settings.sender_contact)


def _sender(settings: ConfirmationSettings) -> list[str | None]:
    return [settings.sender_name, settings.sender_contact]


@cache
def _words() -> dict[str, dict[str, str]]:
    return tomllib.loads((Path(__file__).parent / "introductions.toml").read_text())
