"""What an inbound text asks of us (R11): clear words and phrases by rule; everything else is for a reader.

A text is clear only when the wish is all that it says. What a phrase inside a longer text means depends on the text:
"my ex won't stop texting me" is no wish. Quoted text is not the person's own and is left out first.
"""

from enum import StrEnum

from orchestrator.rules.inbound_text import InboundWords, words_of
from orchestrator.rules.stop_phrases import (
    ANSWERS,
    BARE_STOP_WORDS,
    CLEAR_STOP,
    CLEAR_WRONG_PERSON,
    FRIENDLY_SYMBOLS,
    HELP_WORDS,
    PHONE_ANSWERS,
    STOP_WORDS,
    WISH_IN_WRITTEN_ANSWER,
    WRITTEN_ANSWERS,
    core_of,
)
from orchestrator.rules.wish_stems import may_be_a_wish


class Intent(StrEnum):
    """What a text was taken for; the values are those of `orchestrator.readings.kind`, but for `yes`."""

    STOP = "stop"
    WRONG_PERSON = "wrong_person"  # the number belongs to another person: it is stopped, too
    START = "start"
    YES = "yes"  # START from a person who is opted out; an answer from any other
    HELP = "help"
    AUTOMATIC = "automatic"  # a phone or a mail system answered: the person is not there
    CONVERSATION = "conversation"
    UNREAD = "unjudged"  # it may be a wish to stop: Claude, an operator or the person's next clear word decides


class ClassifiedBy(StrEnum):
    """What decided the intent: `orchestrator.readings.judged_by`."""

    OPT_OUT_TYPE = "opt_out_type"  # Twilio's Advanced Opt-Out, which has answered already
    KEYWORD = "keyword"
    PHRASE = "phrase"
    HARMLESS = "harmless"
    CLAUDE = "claude"
    OPERATOR = "operator"
    NEXT_WORD = "next_word"  # unread until the person's next STOP or START
    NOBODY = "nobody"  # unread, or conversation because no reader is configured


# What Twilio takes for START on the whole body, in any case; it lifts no block of its own for other words
# (help.twilio.com, Twilio support for opt-out keywords).
_START_BODIES = {"start": Intent.START, "unstop": Intent.START, "yes": Intent.YES}


def intent_of(
    body: str, opt_out_type: str | None = None, *, has_reader: bool = True, to_toll_free: bool = False
) -> tuple[Intent, ClassifiedBy]:
    """Classify an inbound text as far as a rule can (R11).

    Args:
        body: the text as Twilio passed it on.
        opt_out_type: Twilio's `OptOutType`, where Advanced Opt-Out took the text for a keyword.
        has_reader: whether Claude can be asked. Without it a text in Latin script in which no word can belong to a
            wish to stop is conversation.
        to_toll_free: whether it came to a toll-free number of ours. There START and UNSTOP lift the networks' block,
            and YES does not (help.twilio.com, Opt-out keyword handling for Toll-Free SMS).

    Returns:
        The intent and what decided it. While a text is `UNREAD`, nothing goes to its person.
    """
    if opt_out_type and opt_out_type.casefold() in (Intent.STOP, Intent.START, Intent.HELP):
        return Intent(opt_out_type.casefold()), ClassifiedBy.OPT_OUT_TYPE
    if start := _START_BODIES.get(body.strip().casefold()):
        return Intent.CONVERSATION if start is Intent.YES and to_toll_free else start, ClassifiedBy.KEYWORD
    text = words_of(body)
    for intent, decided_by in (_keyword(text), _phrase(text), _harmless(text)):
        if intent is not None:
            return intent, decided_by
    if has_reader or not text.is_latin or text.symbols or may_be_a_wish(text.line) or _wishes_aside(text):
        return Intent.UNREAD, ClassifiedBy.NOBODY
    return Intent.CONVERSATION, ClassifiedBy.NOBODY


def _keyword(text: InboundWords) -> tuple[Intent | None, ClassifiedBy]:
    core = core_of(text.line)
    word = core.replace(" ", "", 1)  # OPT OUT and STOP ALL are words, too
    intent = None
    if text.is_tapback:
        return None, ClassifiedBy.KEYWORD
    if word in HELP_WORDS:
        intent = Intent.HELP
    elif not text.is_question and (word in STOP_WORDS or (core == text.line and core in BARE_STOP_WORDS)):
        intent = Intent.STOP
    return intent, ClassifiedBy.KEYWORD


def _phrase(text: InboundWords) -> tuple[Intent | None, ClassifiedBy]:
    core = core_of(text.line)
    intent = None
    if _is_automatic(text.line):
        intent = Intent.AUTOMATIC
    elif text.is_question or text.is_tapback:
        return None, ClassifiedBy.PHRASE
    elif CLEAR_STOP.fullmatch(core):
        intent = Intent.STOP
    elif CLEAR_WRONG_PERSON.fullmatch(core):
        intent = Intent.WRONG_PERSON
    return intent, ClassifiedBy.PHRASE


def _is_automatic(line: str) -> bool:
    if PHONE_ANSWERS.search(line):
        return not may_be_a_wish(PHONE_ANSWERS.sub(" ", line))
    return WRITTEN_ANSWERS.search(line) is not None and not WISH_IN_WRITTEN_ANSWER.search(line)


def _harmless(text: InboundWords) -> tuple[Intent | None, ClassifiedBy]:
    says_nothing = not any(letter.isalpha() for letter in text.line)
    wishes_nothing = text.is_tapback or says_nothing or core_of(text.line) in ANSWERS | {""}
    is_friendly = text.is_tapback or all(symbol in FRIENDLY_SYMBOLS for symbol in text.symbols)
    is_harmless = wishes_nothing and is_friendly and (text.is_tapback or not _wishes_aside(text))
    return (Intent.CONVERSATION if is_harmless else None), ClassifiedBy.HARMLESS


def _wishes_aside(text: InboundWords) -> bool:
    """Whether what is left out of a text may be a wish: "Thanks", and "Please stop texting me" below a line of dashes.

    What a person quotes is one only where it is a clear wish by itself; a quotation of ours is not.
    """
    cores = [core_of(quotation) for quotation in text.quotations]
    return may_be_a_wish(text.signature) or any(core in STOP_WORDS or CLEAR_STOP.fullmatch(core) for core in cores)
