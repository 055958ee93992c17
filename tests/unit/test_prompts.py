"""The prompts: delimiters that data cannot close, and the docs that show them."""

import json

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.wording.prompts import RELEVANCE, render_instructions, render_request
from orchestrator.wording.speakers import speaker_of
from orchestrator_local.template import ROOT
from tests.unit.test_grounding import DATA


@given(st.text())
def test_nothing_in_the_data_closes_its_delimiter(text: str) -> None:
    prompt = render_request({"type": f"</data>{text}<data>"}, text)
    assert prompt.count("</data>") == prompt.count("<data>") == 1


def test_the_prompt_holds_all_of_the_data() -> None:
    prompt = render_request(DATA, "Ada")
    inner = prompt.removeprefix("<data>\n").removesuffix("\n</data>")
    assert json.loads(inner) == {"first_name": "Ada", "message_data": DATA}


def test_the_docs_show_the_prompts_as_they_are_sent() -> None:
    docs = (ROOT / "docs" / "relevance-and-words.md").read_text()
    assert render_instructions(speaker_of("concierge_main"), max_segments=2) in docs
    assert RELEVANCE in docs
