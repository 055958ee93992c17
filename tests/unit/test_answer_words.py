"""The sentence of `explain` about the hour (R7)."""

from dataclasses import replace
from datetime import datetime

import pytest

from orchestrator.rules.answer_curves import learn_hours
from orchestrator.rules.answer_week import HOURS
from orchestrator.rules.answer_words import words_for
from orchestrator.rules.hour_choice import Kind
from orchestrator.rules.learned_hours import LearnedHours

THURSDAY = datetime(2026, 3, 5, 18, 20)  # noqa: DTZ001
EVENINGS = replace(
    learn_hours(None, None),
    rates=tuple(0.6 if hour == 18 else 0.1 for hour in range(HOURS)),
    texts=31,
    answers=23,
    sure=0.9,
    known=True,
)


@pytest.mark.parametrize(
    ("kind", "local", "learned", "words"),
    [
        (
            Kind.LEARNED,
            THURSDAY,
            EVENINGS,
            "Thursday 18:20: answers come most often on weekday evenings (23 of 31 texts answered there; sure)",
        ),
        (
            Kind.LEARNED,
            THURSDAY,
            replace(EVENINGS, sure=0.6),
            "Thursday 18:20: answers come most often on weekday evenings (23 of 31 texts answered there; likely)",
        ),
        (
            Kind.LEARNED,
            THURSDAY,
            replace(EVENINGS, sure=0.1, texts=0, answers=0),
            "Thursday 18:20: answers come most often on weekday evenings (not sure yet)",
        ),
        (
            Kind.LEARNED,
            THURSDAY.replace(hour=11),
            EVENINGS,
            "Thursday 11:20: the best hour before it expires; answers come most often on weekday evenings",
        ),
        (
            Kind.LEARNED,
            THURSDAY,
            replace(EVENINGS, rates=tuple(0.6 if hour == 9 else 0.1 for hour in range(HOURS))),
            "Thursday 18:20: the best hour before it expires; answers come most often on weekday mornings",
        ),
        (Kind.EXPLORED, THURSDAY, EVENINGS, "Thursday 18:20: a trial of another hour, as one message in twenty is"),
        (Kind.POPULATION, THURSDAY, EVENINGS, "Thursday 18:20: the hour at which people answer most often"),
        (
            Kind.POPULATION,
            THURSDAY,
            learn_hours(None, None),
            "Thursday 18:20: one of the open hours, which are all alike until there are answers",
        ),
        (Kind.DEFAULT, THURSDAY, None, "Thursday 18:20: the usual hour"),
        (Kind.DEFAULT, THURSDAY, EVENINGS, "Thursday 18:20: the usual hour"),
        (Kind.LEARNED, THURSDAY, None, "Thursday 18:20: the usual hour"),
        (
            Kind.LEARNED,
            THURSDAY,
            replace(EVENINGS, known=False),
            "Thursday 18:20: the hour at which people answer most often",
        ),
        (
            # Hours that are never chosen, before seven and from eleven in the evening on, do not count.
            Kind.LEARNED,
            THURSDAY.replace(day=7, hour=22),
            replace(EVENINGS, rates=tuple({6: 0.9, 23: 0.9, 30: 0.9, 46: 0.5}.get(hour, 0.1) for hour in range(HOURS))),
            "Saturday 22:20: answers come most often on weekend evenings (23 of 31 texts answered there; sure)",
        ),
        (
            Kind.LEARNED,
            THURSDAY.replace(hour=7),
            replace(EVENINGS, rates=tuple({23: 0.9, 7: 0.5, 22: 0.4}.get(hour, 0.1) for hour in range(HOURS))),
            "Thursday 07:20: answers come most often on weekday mornings (23 of 31 texts answered there; sure)",
        ),
        (
            Kind.LEARNED,
            THURSDAY.replace(day=7, hour=7),
            replace(EVENINGS, rates=tuple({47: 0.9, 31: 0.5, 46: 0.4}.get(hour, 0.1) for hour in range(HOURS))),
            "Saturday 07:20: answers come most often on weekend mornings (23 of 31 texts answered there; sure)",
        ),
    ],
)
def test_the_sentence(kind: Kind, local: datetime, learned: LearnedHours | None, words: str) -> None:
    assert words_for(kind, local, learned) == words


@pytest.mark.parametrize(
    ("sure", "word"),
    [(1.0, "sure"), (0.8, "sure"), (0.79, "likely"), (0.5, "likely"), (0.49, "not sure yet"), (0.0, "not sure yet")],
)
def test_how_sure_it_is(sure: float, word: str) -> None:
    assert words_for(Kind.LEARNED, THURSDAY, replace(EVENINGS, sure=sure)).endswith(f"; {word})")
