"""What an inbound text wishes (R11): the carriers' words, clear phrases, and what only a reader can tell."""

import re
import unicodedata
from enum import StrEnum

from orchestrator.rules.keywords import HELP_WORDS, START_WORDS, STOP_WORDS


class Intent(StrEnum):
    """What a text was taken for; the values are those of `orchestrator.readings.kind`, but for `yes`."""

    STOP = "stop"
    START = "start"
    YES = "yes"  # START from somebody who is opted out; an answer from anybody else
    HELP = "help"
    CONVERSATION = "conversation"
    UNJUDGED = "unjudged"  # it may be a wish to stop: somebody has to read it


class ClassifiedBy(StrEnum):
    """Who said what a text wishes: `orchestrator.readings.judged_by`."""

    OPT_OUT_TYPE = "opt_out_type"  # Twilio's Advanced Opt-Out, which has answered already
    KEYWORD = "keyword"
    PHRASE = "phrase"
    HARMLESS = "harmless"
    CLAUDE = "claude"
    NOBODY = "nobody"  # there is no key for Claude: the rules alone decide


_ME = r"(?:me|us|my (?:phone|number|cell))"
_WRITE = r"(?:text|txt|messag|contact|sms|bother|spam|writ|email|send)\w*"
# Wishes that leave no doubt, wherever they stand in a text, in the languages our countries speak most.
_PHRASES = (
    # "stop texting me", "stop with the messages", "no more texts"
    rf"\b(?:stop|quit|cease|no more|enough)(?: (?:with|all|the|these|this|those|your|any|of))* {_WRITE}\b",
    # "don't text me any more", "never contact us again"
    rf"\b(?:do not|don'?t|never)(?: ever)? {_WRITE}\b.*\b{_ME}\b",
    # "unsubscribe me", "unsubscribe please", "opt out"
    rf"\bunsubscribe {_ME}\b|\bunsubscribe\W*(?:please|now|thanks|thank you)?\W*$|\bopt(?:ing)?[ -]?(?:{_ME} )?out\b",
    # "take me off your list", "delete my number"
    rf"\b(?:take|remove|delete) {_ME} (?:off|from|out)\b|\b(?:remove|delete|lose) (?:my|this) (?:number|phone)\b",
    r"\bleave (?:me|us) alone\b",
    # "stop it", "please stop now", and nothing else
    r"^\W*(?:please|pls|plz)?\W*stop\W*(?:it|this|that)?\W*(?:now|please|pls|plz|already)?\W*$",
    # "no me escriban más", "dejen de mandar mensajes", "no quiero más mensajes", "dar de baja"
    r"\bno me (?:escrib|mand|env[ií]|contact|text)|\bdej(?:a|e|en) de (?:escrib|mand|envi|contact|text)",
    r"\bno quiero m[aá]s (?:mensajes|textos)\b|\bdar(?:me)? de baja\b",
    # "arrêtez de m'écrire", "ne m'envoyez plus de messages"
    r"\b(?:arr[eê]tez|cessez) (?:de m|les|vos|d)|\bne m[' ]?e?\s?(?:[eé]crivez|contactez|textez|envoyez) plus\b",
)
_WISH_TO_STOP = re.compile("|".join(f"(?:{phrase})" for phrase in _PHRASES), re.IGNORECASE)
# What may turn such a phrase round, or makes it a question: a reader has to look.
_DOUBTS = (
    r"\b(?:don'?t|do not|never|didn'?t|not)(?: \w+)? (?:stop|quit|cease|unsubscribe|opt|take|remove|delete|leave)\b",
    r"\b(?:don'?t|do not|never|didn'?t|not) want\b",
    r"\b(?:did|does|will|would|should|can|could|how|why|if|when|unless|until)\b|\?",
)
_IN_DOUBT = re.compile("|".join(_DOUBTS), re.IGNORECASE)
# Whole texts that wish nothing but to answer.
_ANSWERS = (
    *("ok", "okay", "k", "kk", "sure", "yep", "yeah", "yup", "thanks", "thank you", "thx", "ty", "great", "perfect"),
    *("sounds good", "cool", "nice", "awesome", "got it", "hi", "hello", "hey", "good morning", "no", "nope", "maybe"),
    *("later", "not now", "no thanks", "lol", "haha", "see you", "bye"),
)


def intent_of(body: str, opt_out_type: str | None = None) -> tuple[Intent, ClassifiedBy]:
    """What a text wishes, as far as a rule can tell (R11).

    Args:
        opt_out_type: Twilio's `OptOutType`, where Advanced Opt-Out took the text for a keyword.

    Returns:
        The wish and who said so. `UNJUDGED` is for somebody who reads it: until then nothing goes to its person.
    """
    if opt_out_type and opt_out_type.lower() in (Intent.STOP, Intent.START, Intent.HELP):
        return Intent(opt_out_type.lower()), ClassifiedBy.OPT_OUT_TYPE
    text = _plain(body)
    if keyword := _keyword(text):
        return keyword, ClassifiedBy.KEYWORD
    if _WISH_TO_STOP.search(text) and not _IN_DOUBT.search(text):
        return Intent.STOP, ClassifiedBy.PHRASE
    if _says_nothing(text) or text.strip(" .!").lower() in _ANSWERS:
        return Intent.CONVERSATION, ClassifiedBy.HARMLESS
    return Intent.UNJUDGED, ClassifiedBy.NOBODY


def _keyword(text: str) -> Intent | None:
    word = text.strip(" .!").upper()
    if word in STOP_WORDS:
        return Intent.STOP
    if word in HELP_WORDS:
        return Intent.HELP
    # What undoes an opt-out is matched on the whole body: "Yes!" may answer anything.
    if text.upper() in START_WORDS:
        return Intent.YES if text.upper() == "YES" else Intent.START
    return None


def _plain(body: str) -> str:
    """The text with straight apostrophes, single spaces and no invisible characters."""
    text = unicodedata.normalize("NFKC", body).replace("\u2019", "'").replace("\u2018", "'")
    shown = (" " if unicodedata.category(letter) == "Cc" else letter for letter in text)
    return " ".join("".join(letter for letter in shown if unicodedata.category(letter) != "Cf").split())


def _says_nothing(text: str) -> bool:
    """No letter and no picture: empty, a number, a time, an amount."""
    return not any(unicodedata.category(letter)[0] in "LS" for letter in text if letter not in "$+<>=~^`|")
