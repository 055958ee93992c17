"""Words that speak of the day end with it (R9)."""

import pytest

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
