"""What is counted of message types: how often each is answered, and how much a text of it weighs (R7)."""

import json

import pytest

from orchestrator.rules.answer_counts import MOST_TYPES, AnswerCounts


def counts_of(**types: tuple[int, int]) -> AnswerCounts:
    """Counts with so many texts and answers of each type, all at 10:00."""
    counts = AnswerCounts()
    for name, (texts, answers) in types.items():
        for place in range(texts):
            counts.add(name, 10, answered=place < answers, stopped=False)
    return counts


def test_a_text_weighs_by_how_often_its_type_is_answered() -> None:
    counts = counts_of(question=(1_000, 400), receipt=(1_000, 100))
    assert counts.exposure_of("question") == pytest.approx(1.6, abs=0.05)
    assert counts.exposure_of("receipt") == pytest.approx(0.4, abs=0.05)
    assert counts.exposure_of("new") == 1.0
    assert AnswerCounts().exposure_of("question") == 1.0


def test_a_few_texts_of_a_type_hardly_change_its_weight() -> None:
    counts = counts_of(question=(1_000, 400), rare=(2, 0))
    # Fifty texts of average type stand beside them.
    assert counts.exposure_of("rare") == pytest.approx(50 / 52)


@pytest.mark.parametrize(("answers", "is_answered"), [(0, False), (1, True)])
def test_one_answer_makes_a_type_one_that_is_answered(answers: int, is_answered: bool) -> None:
    assert counts_of(note=(10, answers)).is_answered("note") is is_answered


def test_agents_cannot_make_it_grow_without_end() -> None:
    counts = AnswerCounts()
    for place in range(MOST_TYPES + 50):
        counts.add(f"{place}" * 500, 10, answered=True, stopped=False)
    assert len(counts.types) <= MOST_TYPES + 1
    assert max(map(len, counts.types)) == 100
    assert sum(texts for texts, _ in counts.types.values()) == MOST_TYPES + 50


def test_the_counts_of_a_busy_type_are_halved_so_that_the_present_decides() -> None:
    counts = counts_of(note=(19_999, 10_000))
    counts.add("note", 10, answered=False, stopped=False)
    assert counts.types["note"] == [10_000, 5_000]


def test_counts_come_back_as_they_were_stored() -> None:
    counts = counts_of(question=(3, 1))
    counts.add("question", 30, answered=False, stopped=True)
    assert AnswerCounts.from_json(json.loads(json.dumps(counts.to_json()))) == counts
    assert (counts.stop_counts().texts[10], counts.stop_counts().stops[30]) == (3, 1)
    assert AnswerCounts.from_json({}) == AnswerCounts()
