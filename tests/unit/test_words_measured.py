"""How well the checks on words tell faithful texts from lying ones, and text messages from what is none.

`pytest tests/unit/test_words_measured.py -s` prints the figures. `GENERATED_RENDERINGS` says how many renderings are
generated of each make (CI: 1,000).
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import islice

import pytest

from orchestrator.clean_text import clean_text, shows_nothing
from orchestrator.errors import InvalidMessage
from orchestrator.messages import build_message
from orchestrator.segments import plain_characters
from orchestrator.wording.grounding import check_text
from orchestrator.wording.names import sayable_name
from orchestrator.wording.not_a_text import reasons_against
from tests.corpora import Rendering, read_renderings, read_texts
from tests.corpora.renderings import renderings

GENERATED = int(os.environ.get("GENERATED_RENDERINGS", "200"))
# The day of renderings that name a zone and no day.
ANY_DAY = date(2026, 1, 5)
# What an agent's own words are refused for; a text of `control` is cleaned where it enters.
REFUSED_VERBATIM = ("json", "placeholder", "invisible")
# Each file was written without the check. `make test` reads a third of the renderings, CI all of them.
WRITTEN = ("renderings.txt", "renderings_second.txt", "renderings_third.txt", "renderings_fresh.txt")
EVERY = 3 if GENERATED <= 200 else 1


@dataclass
class Figures:
    """What became of renderings; lies are counted by their kind."""

    faithful: int = 0
    refused: int = 0
    faithful_read_again: int = 0
    lies: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    read_again: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        lies = self.lies.total()
        return (
            f"faithful {self.faithful}: {_share(self.refused, self.faithful)} refused, "
            f"{_share(self.faithful_read_again, self.faithful)} read again; lying {lies}: "
            f"{_share(lies - self.sent.total() - self.read_again.total(), lies)} refused, "
            f"{_share(self.read_again.total(), lies)} read again {dict(self.read_again)}, "
            f"{_share(self.sent.total(), lies)} sent {dict(self.sent)}"
        )


def measure(found: Iterable[Rendering]) -> Figures:
    """Check renderings as the delivery path does."""
    figures = Figures()
    for rendering in found:
        now = _now(rendering)
        text = plain_characters(clean_text(rendering.text)).strip()
        check = check_text(text, rendering.data, sayable_name(rendering.name), now=now)
        is_refused, is_read_again = bool(check.problems), check.needs_second_reading
        if rendering.lie is None:
            figures.faithful += 1
            figures.refused += is_refused
            figures.faithful_read_again += is_read_again
        else:
            figures.lies[rendering.lie] += 1
            figures.read_again[rendering.lie] += is_read_again
            figures.sent[rendering.lie] += not is_refused and not is_read_again
    figures.read_again, figures.sent = +figures.read_again, +figures.sent
    return figures


def _now(rendering: Rendering) -> datetime | None:
    if rendering.today is None and rendering.zone is None:
        return None
    return datetime.combine(rendering.today or ANY_DAY, time(10), rendering.zone)


def _share(part: int, whole: int) -> str:
    return f"{part} ({part / whole:.1%})" if whole else "0"


def _report(name: str, figures: object) -> None:
    print(f"{name}: {figures}")


@pytest.mark.parametrize("name", WRITTEN)
def test_written_renderings(name: str) -> None:
    figures = measure(islice(read_renderings(name), None, None, EVERY))
    _report(name, figures)
    assert figures.refused <= figures.faithful * 0.01
    assert figures.sent.total() <= figures.lies.total() * 0.01


def test_renderings_that_the_check_was_not_built_on() -> None:
    figures = measure(read_renderings("renderings_held_out.txt"))
    _report("renderings_held_out.txt", figures)
    assert figures.refused <= figures.faithful * 0.03
    assert figures.sent.total() <= figures.lies.total() * 0.03


def test_generated_renderings() -> None:
    faithful = measure(renderings(1, GENERATED, lying=False))
    lying = measure(renderings(2, GENERATED, lying=True))
    _report("generated, faithful", faithful)
    _report("generated, lying", lying)
    assert not lying.sent
    assert faithful.refused <= faithful.faithful * 0.02


@dataclass
class TextFigures:
    """What became of texts, by the heading that they stand under."""

    texts: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        passed = self.texts - self.refused
        return f"{_share(self.refused.total(), self.texts.total())} refused; passed {dict(passed)}"


def _measure_texts(name: str, is_refused: Callable[[str], bool]) -> TextFigures:
    figures = TextFigures()
    for text in read_texts(name):
        figures.texts[text.label] += 1
        figures.refused[text.label] += is_refused(text.text)
    return figures


def _is_refused_rendered(text: str) -> bool:
    """Whether a text of Claude's is refused for its form, as it comes out of the edge."""
    cleaned = plain_characters(clean_text(text))
    return clean_text(text) != text or shows_nothing(cleaned) or bool(list(reasons_against(cleaned, "")))


def _is_refused_verbatim(text: str) -> bool:
    """Whether the words of an agent are refused, as they come out of the edge."""
    data = {"type": "note", "message": text}
    try:
        build_message({"user_id": "ada", "agent_id": "system", "message_data": data})
    except InvalidMessage:
        return True
    return False


@pytest.mark.parametrize("is_refused", [_is_refused_rendered, _is_refused_verbatim])
def test_good_texts_pass(is_refused: Callable[[str], bool]) -> None:
    figures = _measure_texts("text_messages.txt", is_refused)
    _report(f"good, {is_refused.__name__}", figures)
    held_out = figures.refused.pop("held_out", 0)
    assert held_out <= 1
    assert figures.refused.total() <= (figures.texts.total() - figures.texts["held_out"]) * 0.02


def test_what_is_no_text_message_is_refused() -> None:
    figures = _measure_texts("no_text_messages.txt", _is_refused_rendered)
    _report("bad, rendered", figures)
    # One word in backticks goes out in plain quotation marks: those are made before the check.
    assert (figures.texts - figures.refused).total() <= 1


def test_what_is_no_text_message_is_refused_verbatim_for_json_placeholders_and_nothing_alone() -> None:
    figures = _measure_texts("no_text_messages.txt", _is_refused_verbatim)
    _report("bad, verbatim", figures)
    for label in REFUSED_VERBATIM:
        assert figures.refused[label] == figures.texts[label], label
