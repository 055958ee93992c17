"""What is removed from every text that comes from outside, and what stays whole."""

import json
from datetime import UTC, datetime

import pytest

from orchestrator.aws.queues import QueueRecord, records_of
from orchestrator.clean_text import clean_text, visible_text
from orchestrator.rules.intents import Intent, intent_of
from orchestrator.sms.requests import read_requests
from tests.world import sqs_event, sqs_record

CASES = [
    # Control characters, and the escape sequences of terminals.
    ("Good\0 news\0", "Good news"),
    ("Ding\x07 dong\x08\x7f", "Ding dong"),
    ("\x1b[31mred\x1b[0m, \x1b[1;4mbold\x1b[m.", "red, bold."),
    ("\x1b]0;title\x07new title", "new title"),
    ("\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\", "click"),
    ("\x9b31mred", "red"),
    ("one\u2028two\u2029three\r\nfour\x85five\x0bsix", "one\ntwo\nthree\nfour\nfive\nsix"),
    ("tab\there", "tab here"),
    # The direction of writing.
    ("evil\u202emoc.elpmaxe", "evilmoc.elpmaxe"),
    ("a\u202a\u202b\u202c\u202d\u2066\u2067\u2068\u2069\u200e\u200f\u061cb", "ab"),
    # Of no width, hidden, private, and no characters at all.
    ("zero\u200bwidth\u2060\ufeff\u00ad\u180e", "zerowidth"),
    ("hidden\U000e0041\U000e007f", "hidden"),
    ("private\ue000\uf8ff\U000f0000\U0010fffd", "private"),
    ("none\ufffe\uffff\ufdd0\U0001fffe\U0010ffff", "none"),
    ("half\ud83d and half\ude00", "half and half"),
    # What joins letters and emoji stays whole.
    ("👩\u200d🚀 👨\u200d👩\u200d👧 ❤\ufe0f ☎\ufe0e 1\ufe0f\u20e3 👍🏽 🇮🇹", "👩\u200d🚀 👨\u200d👩\u200d👧 ❤\ufe0f ☎\ufe0e 1\ufe0f\u20e3 👍🏽 🇮🇹"),
    ("\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"),
    ("السلام عليكم", "السلام عليكم"),
    ("שָׁלוֹם, נתראה מחר", "שָׁלוֹם, נתראה מחר"),
    ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
    ("हिन्दी क्\u200dष", "हिन्दी क्\u200dष"),
    ("été naïve e\u0301", "été naïve e\u0301"),
]  # fmt: skip

SHOWS_NOTHING = [
    "",
    " \n",
    "\0",
    "\u200b\u200b",
    "\u3164",
    "\u2800\u2800",
    "\ufe0f\u200d",
    "\u202e",
    "\ue000",
    "\u00a0",
]

# Where a control character stands in a wish to stop, the wish is still one.
STOPS = [
    "STOP\0", "\u202eSTOP", "S\u200bTOP", "\x1bSTOP", "\x1b]STOP", "\x1b[STOP", "ST\ufeffOP", "STOP\ud83d", "\ue000STOP",
    "ST\x07OP", "STOP\U000e0041", "\u2028STOP\u2029",
]  # fmt: skip


@pytest.mark.parametrize(("text", "cleaned"), CASES)
def test_a_text_is_cleaned_and_what_shows_stays_whole(text: str, cleaned: str) -> None:
    assert clean_text(text) == cleaned
    assert clean_text(cleaned) == cleaned


@pytest.mark.parametrize("text", SHOWS_NOTHING)
def test_a_text_that_shows_nothing_is_empty(text: str) -> None:
    assert visible_text(text) == ""


def inbound(body: str) -> list[QueueRecord]:
    form = {"MessageSid": "SM1", "From": "+12125550101", "Body": body}
    request = {"path": "/twilio/inbound", "query": {}, "form": form, "received_at": "2026-03-03T15:00:00+00:00"}
    return records_of(sqs_event([sqs_record(json.dumps(request), datetime(2026, 3, 3, tzinfo=UTC))]))


@pytest.mark.parametrize(("text", "cleaned"), [*CASES, *((text, "") for text in SHOWS_NOTHING)])
def test_an_inbound_text_is_cleaned_where_it_enters(text: str, cleaned: str) -> None:
    requests = read_requests(inbound(text))
    assert requests.unreadable == []
    ((_, found),) = requests.texts
    assert found.body == cleaned


@pytest.mark.parametrize("text", STOPS)
def test_no_character_hides_a_stop(text: str) -> None:
    ((_, found),) = read_requests(inbound(text)).texts
    assert intent_of(found.body)[0] is Intent.STOP


@pytest.mark.parametrize("body", ["", "null", "[]", "{", '"text"', "[" * 100_000, '{"path": "\\ud800"}'])
def test_what_is_no_request_is_unreadable(body: str) -> None:
    record = records_of(sqs_event([sqs_record(body, datetime(2026, 3, 3, tzinfo=UTC))]))
    assert len(read_requests(record).unreadable) == 1
