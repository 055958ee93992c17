"""What the texts that people wrote before we took over ask of us."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from orchestrator.rules.intents import Intent
from orchestrator.rules.past_texts import PastText, PastWishes, intent_without_reader, wishes_of

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
WISH = "I never agreed to these messages, take me off"


def text(content: str, minute: int, kind: str | None = None, number: str = "+12125550101") -> PastText:
    return PastText(uuid4(), uuid4(), number, content, NOON + timedelta(minutes=minute), kind)


def contents(wishes: PastWishes) -> tuple[list[str], list[str]]:
    return [text.content for text in wishes.stops], [text.content for text in wishes.unread]


@pytest.mark.parametrize(
    ("history", "stops", "unread"),
    [
        ([], [], []),
        (["hello"], [], []),
        (["STOP"], ["STOP"], []),
        (["STOP", "hello"], ["STOP"], []),
        (["Quit,", "hello", "please stop texting me"], ["please stop texting me"], []),
        (["STOP", "START"], [], []),
        (["START", "STOP"], ["STOP"], []),
        (["STOP", "YES"], [], []),
        (["YES", "STOP", "YES", "YES"], [], []),
        (["STOP", "START", "STOP", "yes please"], ["STOP"], []),
        (["my ex won't stop texting me"], [], ["my ex won't stop texting me"]),
        (["my ex won't stop texting me", "See you at noon"], [], []),
        (["See you at noon", WISH], [], [WISH]),
        ([WISH, "I'm driving with Focus turned on."], [], [WISH]),
        ([WISH, "HELP"], [], [WISH]),
        (["HELP", "STOP"], ["STOP"], []),
        (["I'm driving with Focus turned on.", WISH], [], [WISH]),
        ([WISH, "START"], [], []),
        (["STOP", WISH], ["STOP"], []),
        (["STOP", "START", WISH], [], [WISH]),
        (["Liked “Reply STOP to opt out.”"], [], []),
        ([""], [], []),
    ],
)
def test_what_holds_at_the_end_of_a_history(history: list[str], stops: list[str], unread: list[str]) -> None:
    texts = [text(content, minute) for minute, content in enumerate(history)]
    assert contents(wishes_of(texts)) == (stops, unread)


def test_a_text_that_came_to_us_keeps_what_it_was_taken_for() -> None:
    assert contents(wishes_of([text("basta", 1, kind="stop")])) == (["basta"], [])
    assert contents(wishes_of([text("STOP", 1), text("ok", 2, kind="start")])) == ([], [])
    assert contents(wishes_of([text(WISH, 1, kind="conversation")])) == ([], [])


def test_at_equal_times_stop_wins() -> None:
    assert contents(wishes_of([text("START", 1), text("STOP", 1)])) == (["STOP"], [])
    assert contents(wishes_of([text("STOP", 1), text("START", 1)])) == (["STOP"], [])


def test_of_two_texts_of_one_time_and_kind_the_first_one_stays() -> None:
    assert contents(wishes_of([text("STOP", 1), text("quit", 1)])) == (["STOP"], [])
    assert contents(wishes_of([text(WISH, 1), text("my ex won't stop texting me", 1)])) == ([], [WISH])


def test_of_people_who_share_a_number_the_last_word_of_any_counts() -> None:
    assert contents(wishes_of([text("START", 5), text("STOP", 1)])) == ([], [])
    assert contents(wishes_of([text("STOP", 5), text("START", 1)])) == (["STOP"], [])


def test_yes_after_start_is_an_answer_and_ends_no_stop_of_another_person() -> None:
    assert contents(wishes_of([text("START", 1), text("YES", 9), text("STOP", 5)])) == (["STOP"], [])


def test_numbers_are_apart() -> None:
    other = "+12125550102"
    assert contents(wishes_of([text("STOP", 1), text("START", 2, number=other), text(WISH, 3, number=other)])) == (
        ["STOP"],
        [WISH],
    )


@pytest.mark.parametrize(
    ("content", "dated", "undated"),
    [
        ("STOP", Intent.STOP, Intent.STOP),
        ("please stop texting me", Intent.STOP, Intent.STOP),
        ("wrong number", Intent.WRONG_PERSON, Intent.WRONG_PERSON),
        (WISH, Intent.UNREAD, Intent.UNREAD),
        ("START", Intent.START, Intent.CONVERSATION),
        ("unstop", Intent.START, Intent.CONVERSATION),
        ("Yes", Intent.YES, Intent.CONVERSATION),
        ("HELP", Intent.HELP, Intent.HELP),
        ("See you at noon", Intent.CONVERSATION, Intent.CONVERSATION),
        ("I'm driving with Focus turned on.", Intent.AUTOMATIC, Intent.AUTOMATIC),
    ],
)
def test_a_text_without_a_time_stops_and_never_starts(content: str, dated: Intent, undated: Intent) -> None:
    found = text(content, 0)
    assert intent_without_reader(found)[0] is dated
    assert intent_without_reader(replace(found, is_dated=False))[0] is undated
