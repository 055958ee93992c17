"""Words that speak of the day end with it (R9)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.rules import day_words
from orchestrator.rules.day_words import speaks_of_the_day


@pytest.mark.parametrize(
    "text",
    [
        "Your table is booked for tonight.", "See you TOMORROW!", "It arrives today.", "This morning we fixed it.",
        "In 2 hours", "Hoy vence tu pago", "Tu cita es mañana", "C'est aujourd'hui", "C\u2019est pour aujourd\u2019hui",
        "À demain", "É amanhã", "Ihr Termin ist morgen um zehn", "heute Abend", "Сегодня вечером", "今天下午", "明日です",
        "Last call tonite", "Tmrw at 9", "in an hour", "Back in half an hour", "In two hours", "In a few minutes",
        "within the hour", "Llega en una hora", "Dentro de 2 horas", "Dans une heure", "Rendez-vous ce midi",
        "Em uma hora", "In einer Stunde", "In 30 Minuten", "Fra un'ora", "Tra 2 ore", "Over 10 minuten",
    ],
)  # fmt: skip
def test_words_that_speak_of_the_day(text: str) -> None:
    assert speaks_of_the_day({"type": "note", "message": text})
    assert speaks_of_the_day({"type": "note", "findings": [{"when": text}]})


@pytest.mark.parametrize(
    "text",
    [
        "Your invoice is due on Friday.",
        "Good morning!",
        "Guten Morgen Ada",
        "a las 10 de la mañana",
        "todayish",
        "Open 24 hours",
        "It takes 2 hours",
        "In two weeks",
        "In Morgenstern's house",
        "In einer Woche",
        "em duas semanas",
        "2026-03-03",
    ],
)
def test_words_that_hold_on_other_days(text: str) -> None:
    assert not speaks_of_the_day({"type": "today_update", "message": text})


@pytest.mark.parametrize("key", ["about", "message", "words"])
def test_every_field_but_the_type_is_read(key: str) -> None:
    assert speaks_of_the_day({"type": "note", key: "See you today"})
    assert not speaks_of_the_day({"type": "today", key: "See you on Friday"})


def test_a_word_that_is_written_to_a_harmless_phrase_counts() -> None:
    assert speaks_of_the_day({"message": "Open todaythese days"})
    assert not speaks_of_the_day({"message": "Open tothese days"})


FRAGMENTS = (
    "today", "Tonight", "2nite", "TOMORROW", "tmrw", "good ", "guten ", "in the ", "am ", "this ", "morning", "evening",
    "these days", " ", "in ", " two ", "2", " hours", "hrs", "mins", "within the hour", "hoy", "esta tarde", "ayer",
    "dentro de 2 horas", "aujourd'hui", "ce soir", "dans 2 heures", "hoje", "ontem", "heute", "morgen", "in 2 stunden",
    "oggi", "tra 2 ore", "fra un'ora", "vandaag", "over 2 uur", "x", "_", "-", ".", "'", "\n", "mañana", "今天", "\u2019",
)  # fmt: skip


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=6).map("".join))
@settings(max_examples=2_000)
def test_the_words_that_are_looked_for_first_miss_no_phrase(text: str) -> None:
    found = day_words._OF_THE_DAY.search(day_words._HARMLESS.sub(" ", text.replace("\u2019", "'")))
    assert speaks_of_the_day({"message": text}) == (found is not None)
