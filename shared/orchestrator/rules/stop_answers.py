"""Finds texts that offer an opt-out keyword as an answer: a person who replies CANCEL to a question gets no more texts.

"Reply YES or CANCEL" is such a text; "Reply STOP to unsubscribe" is none. Twilio and the carriers act on the keyword
alone, whatever the text before it asked.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from orchestrator.rules.keywords import HELP_WORDS, STOP_WORDS

# With these alone a text may say how to opt out, without a word about what they do.
_CLEAR_WORDS = STOP_WORDS - {"CANCEL", "END", "QUIT"}
_NO_ANSWERS = STOP_WORDS | HELP_WORDS | {"START", "UNSTOP", "AIDE", "AYUDA", "ARRET"}
_ANY_STOP_WORD = re.compile(rf"\b(?:{'|'.join(sorted(STOP_WORDS))})\b", re.IGNORECASE)
# English, Spanish, French, Portuguese, German, Italian.
_VERBS = re.compile(
    r"\b(?:reply|replying|respond|responding|answer|answering|text|texting|txt|send|sending|type|typing|write|say|press"
    r"|enter|choose|pick|use|tap|select|respond[ae]|contest[ae]|env[ií][ae]|escrib[ae]|r[ée]pond(?:ez|s)|[ée]cri(?:vez|s)|envoye[rz]"
    r"|tapez|digite|escreva|antworten?|schreiben?|senden?|rispond[ia]|scriv[ia]|invi[ai])\b"
    r"(?:\s+(?:back|us|me|sie|with|by|one(?:\s+(?:of|word))?|just|either|simply|con|avec|par|com|mit|to\s+this\s+(?:text|message|number)"
    r"|(?:the|la|le|das|il)\s+(?:words?|keyword|palabra|mot|wort)))*\s*[:\-]?\s*",
    re.IGNORECASE,
)
# What stands between two answers.
_AND_OR = r"(?:and|or|y|o|u|ou|et|oder|und|e)"
_JOINT = re.compile(rf"\s*[,;/|\n]\s*(?:{_AND_OR}\b\s*)?|\s+{_AND_OR}\s+(?:reply\s+|text\s+)?", re.IGNORECASE)
_OPENING = "\"'(\\[\u201c\u2018\u00ab"
_CLOSING = "\"')\\]\u201d\u2019\u00bb"
_WORD = re.compile(rf"[{_OPENING}]?(?P<word>[^\W_]+)[{_CLOSING}]?")
_QUOTED = re.compile(rf"[{_OPENING}][^\W_]+[{_CLOSING}]")
# After a word in small letters that is an answer.
_AFTER_ANSWER = re.compile(r"\s*(?:$|[,;/|.!?\n]|(?:or|and|to|for|if|2|=|o|ou|para|pour|oder)\b)", re.IGNORECASE)
_STOP_BY = re.compile(r"\s+(?:by|in|over)\s+(?:our|the|us|at|for|to|any|a)\b", re.IGNORECASE)
_TEXTS = (
    r"(?:texts?|txts?|messages?|msgs?|sms|alerts?|updates?|reminders?|notifications?|marketing|promo(?:tion)?s?|offers?"
    r"|subscriptions?|list|newsletters?|campaigns?|programs?)"
)
_WHICH_TEXTS = (
    r"(?:all|any|the|these|this|our|your|future|further|more|such|from|text|marketing|promotional|sms|recurring"
    r"|receiving|\w+'s)"
)
_OPT_OUT = re.compile(
    r"\b(?:unsub\w*|opt(?:ing|ed)?[ -]?out\w*|no (?:more|longer)|not (?:to )?(?:receive|get)"
    r"|stop(?:ping)? (?:receiving|getting)|remove (?:me|yourself|your)|be removed"
    rf"|(?:stop|end|cancel|quit|leave|block|halt|mute)(?:ping|ing)?(?: {_WHICH_TEXTS})* {_TEXTS}"
    r"|baja|desuscrib\w*|no recibir|cancelar (?:(?:la|as?|las|os?|los) )?(?:mensajes|mensagens|suscripci[óo]n"
    r"|inscri[çc][ãa]o)"
    r"|d[ée]sabonn\w*|d[ée]sinscri\w*|ne plus recevoir|plus de (?:messages|sms)|n[ãa]o receber|descadastr\w*"
    r"|ab(?:zu)?meld\w*|ab(?:zu)?bestell\w*|keine (?:weiteren )?(?:nachrichten|sms)|disiscriv\w*|non ricevere)\b",
    re.IGNORECASE,
)
# "STOP to cancel" and "STOP to end" are the carriers' own words for opting out, where nothing follows them.
_ENDS_ALL = re.compile(r"\s*(?:(?:to|2|=|:|-|for)\s*(?:stop|end|quit|cancel|opt-?out|exit|leave))?", re.IGNORECASE)
_ENTERS = re.compile(
    r"\b(?:subscrib\w*|join\w*|opt[ -]?in|sign[ -]?up|receive|get|start|enrol\w*|suscrib\w*|abonn\w*)\b",
    re.IGNORECASE,
)
_ADVERBS = re.compile(
    r"(?:\b(?:at any ?time|any ?time|now|please|whenever|instead|thanks|thank you|en cualquier momento"
    r"|[àa] tout moment)\b"
    rf"|[\s,.;:!?{_CLOSING}-])+",
    re.IGNORECASE,
)
_LAST_JOINT = re.compile(rf"(?:\s*[,;/|\n]|\s+{_AND_OR})\s*$", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True, slots=True)
class _Answer:
    """A word that a text offers as an answer, in capitals, and its place."""

    word: str
    start: int
    end: int


def offered_stop_word(text: str) -> str | None:
    """The first opt-out keyword that a text offers as an answer to something else; None when it offers none.

    Args:
        text: the words as they would be sent.

    Returns:
        The keyword in capitals, such as CANCEL.
    """
    if not _ANY_STOP_WORD.search(text):
        return None
    has_small_letters = any(letter.islower() for letter in text)
    before = ""
    for sentence in _SENTENCE_END.split(text):
        for answers, lead, body in _offers(sentence, has_small_letters):
            context = lead + before
            for place, answer in enumerate(answers):
                if answer.word in STOP_WORDS and not _opts_out(answers, place, context, body):
                    return answer.word
        before = sentence if sentence.rstrip().endswith("?") else ""
    return None


def _offers(sentence: str, has_small_letters: bool) -> Iterator[tuple[Sequence[_Answer], str, str]]:
    """The answers that a sentence offers, what stands before them, and the sentence."""
    verb = _VERBS.search(sentence)
    if verb:
        answers = list(_answers(sentence, verb, has_small_letters))
        yield answers, sentence[: verb.start()], sentence
    words = sentence if verb is None else sentence[: verb.start()]
    for chain in _chains(words, has_small_letters):
        yield chain, "", words


def _answers(sentence: str, first: re.Match[str], has_small_letters: bool) -> Iterator[_Answer]:
    """The answers after a verb: what follows one at once, what is joined to an answer, and what is loud."""
    after_verb = {verb.end() for verb in _VERBS.finditer(sentence, first.start())}
    end_of_answer = first.end()
    for found in _WORD.finditer(sentence, first.end()):
        joined = found.start() in after_verb or _JOINT.fullmatch(sentence, end_of_answer, found.start())
        loud = _is_loud(found, has_small_letters) and not _STOP_BY.match(sentence, found.end())
        if loud or (joined and _AFTER_ANSWER.match(sentence, found.end())):
            yield _Answer(found["word"].upper(), found.start(), found.end())
            end_of_answer = found.end()


def _chains(words: str, has_small_letters: bool) -> Iterator[Sequence[_Answer]]:
    """Words in capitals, quotes or digits that are joined to each other, such as YES/CANCEL."""
    chain: list[_Answer] = []
    for found in _WORD.finditer(words):
        if not _is_loud(found, has_small_letters):
            continue
        if chain and not _JOINT.fullmatch(words, chain[-1].end, found.start()):
            yield from [chain] if len(chain) > 1 else []
            chain = []
        chain.append(_Answer(found["word"].upper(), found.start(), found.end()))
    yield from [chain] if len(chain) > 1 else []


def _is_loud(found: re.Match[str], has_small_letters: bool) -> bool:
    """Whether a word stands in capitals, in quotation marks or brackets, or is a number."""
    word = found["word"]
    is_capital = has_small_letters and word.isupper() and word not in ("I", "A")
    return is_capital or word.isdecimal() or _QUOTED.fullmatch(found[0]) is not None


def _opts_out(answers: Sequence[_Answer], place: int, context: str, sentence: str) -> bool:
    """Whether a keyword among the answers stands there as the way to opt out."""
    purpose = _purpose(answers, place, sentence)
    if _OPT_OUT.search(purpose) or _OPT_OUT.search(context):
        return True
    if answers[place].word not in _CLEAR_WORDS or not _ENDS_ALL.fullmatch(_ADVERBS.sub(" ", purpose).strip()):
        return False
    others = [number for number, answer in enumerate(answers) if answer.word not in _NO_ANSWERS]
    is_programme = any(answer.word in HELP_WORDS for answer in answers)
    return is_programme or all(_ENTERS.search(_purpose(answers, number, sentence)) for number in others)


def _purpose(answers: Sequence[_Answer], place: int, sentence: str) -> str:
    """What a sentence says of an answer; of several that are only joined, what it says of the last one."""
    for answer, following in zip_longest(answers[place:], answers[place + 1 :]):
        words = sentence[answer.end : following.start if following else None]
        if not _is_joint(words):
            return _LAST_JOINT.sub("", words)
    return ""


def _is_joint(words: str) -> bool:
    return not words.strip() or _JOINT.fullmatch(words) is not None
