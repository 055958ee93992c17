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


@pytest.mark.parametrize(
    ("own", "weight"),
    [((949, 0), 50 / 999), ((10_000, 0), 0.05), ((39, 39), 440 / 89), ((100, 100), 5.0)],
    ids=["a little more than a twentieth", "less", "a little less than five", "more"],
)
def test_no_type_weighs_less_than_a_twentieth_or_more_than_five(own: tuple[int, int], weight: float) -> None:
    """One of ten texts of all types is answered; fifty of them stand beside the type's own."""
    texts, answers = own
    counts = AnswerCounts(types={"own": [texts, answers], "other": [100_000 - texts, 10_000 - answers]})
    assert counts.exposure_of("own") == pytest.approx(weight)


@pytest.mark.parametrize(("answers", "is_answered"), [(0, False), (1, True)])
def test_one_answer_makes_a_type_one_that_is_answered(answers: int, is_answered: bool) -> None:
    counts = counts_of(note=(10, answers))
    assert counts.is_answered("note") is is_answered
    assert not counts.is_answered("unknown")


def test_agents_cannot_make_it_grow_without_end() -> None:
    counts = AnswerCounts()
    for place in range(MOST_TYPES + 50):
        counts.add(f"{place}" * 500, 10, answered=True, stopped=False)
    assert len(counts.types) <= MOST_TYPES + 1
    assert max(map(len, counts.types)) == 100
    assert sum(texts for texts, _ in counts.types.values()) == MOST_TYPES + 50


def test_five_hundred_types_are_counted_apart_and_all_others_as_one() -> None:
    counts = AnswerCounts()
    for number in range(502):
        counts.add(f"type {number}", 10, answered=number == 501, stopped=False)
    assert len(counts.types) == 501
    assert (counts.types["type 499"], counts.types[""]) == ([1, 0], [2, 1])
    counts.add("type 499", 10, answered=True, stopped=False)
    assert counts.types["type 499"] == [2, 1], "a type that is counted apart stays so"


@pytest.mark.parametrize(
    ("before", "after"),
    [([19_998, 10_000], [19_999, 10_001]), ([19_999, 10_000], [10_000, 5_000]), ([30_000, 3_000], [15_000, 1_500])],
    ids=["not yet", "at 20,000 texts", "stored by a release that halved later"],
)
def test_the_counts_of_a_busy_type_are_halved_so_that_the_present_decides(before: list[int], after: list[int]) -> None:
    counts = AnswerCounts(types={"note": before})
    counts.add("note", 10, answered=True, stopped=False)
    assert counts.types["note"] == after


def test_counts_come_back_as_they_were_stored() -> None:
    counts = counts_of(question=(3, 1))
    counts.add("question", 30, answered=False, stopped=True)
    assert AnswerCounts.from_json(json.loads(json.dumps(counts.to_json()))) == counts
    assert (counts.stop_counts().texts[10], counts.stop_counts().stops[30]) == (3, 1)
    assert AnswerCounts.from_json({}) == AnswerCounts()
