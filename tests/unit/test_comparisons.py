"""Words that compare two values of a text: which words, and whether they are true of the values."""

from typing import Any

import pytest

from orchestrator.wording.facts.association import Association
from orchestrator.wording.facts.comparisons import find_comparisons
from orchestrator.wording.facts.language import language
from orchestrator.wording.facts.reading import read_facts

DISK = {"disk_percent": 93, "previous_percent": 88}
VISITS = {"visits": 93, "previous_visits": 88}
LIMITS = {"total": "$93", "limit": "$100", "cap": "$90"}


@pytest.mark.parametrize(
    ("data", "text", "comparisons"),
    [
        (DISK, "The disk is at 93%, up from 88%.", [("up from", True)]),
        (DISK, "The disk is at 93%, down from 88%.", [("down from", False)]),
        (DISK, "The disk is at 88%, down from 93%.", [("down from", True)]),
        (VISITS, "93 visits, more than 88.", [("more than", True)]),
        (VISITS, "93 visits, fewer than 88.", [("fewer than", False)]),
        (VISITS, "93 visits, more than the last previous 88.", [("more than the last previous", True)]),
        (VISITS, "93 visits, more than in all the last weeks: 88.", []),
        # A comparison is one of values in a sentence.
        (VISITS, "93 visits. More than 88.", []),
        (LIMITS, "$93 is below $100 and over $90.", [("below", True), ("over", True)]),
        (LIMITS, "$93 is above $100 and under $90.", [("above", False), ("under", False)]),
        (LIMITS, "$93 is below $100. It is over $90.", [("below", True)]),
        (LIMITS, "$93 and $100, over $90.", [("over", True)]),
        # From one value to another, with the words of the same sentence.
        (VISITS, "Fell from 88 to 93.", [("Fell", False)]),
        (VISITS, "Rose from 88 to 93.", [("Rose", True)]),
        (VISITS, "Fine. Visits rose from 88 to 93.", [("rose", True)]),
        (VISITS, "Fell ill! Visits rose from 88 to 93.", [("rose", True)]),
        (VISITS, "Visits fell from 93 to 88.", [("fell", True)]),
        (VISITS, "Visits fell by 88 to 93.", []),
        (VISITS, "Visits fell from 88 and 93.", []),
        # Values of different units, and ranks, of which the smaller one is the better one.
        ({"growth": "22%", "visits": 88}, "22% is more than 88.", []),
        ({"rank": 3, "old_rank": 5}, "3, up from 5.", []),
        ({"length": "9 km", "way": "8 km"}, "9 km is more than 8 km.", [("more than", True)]),
        ({"visits": 93, "limit": "88 seats"}, "93 is more than 88.", []),
        ({"limit": "88 seats", "visits": 93}, "88 is more than 93.", []),
    ],
)
def test_comparisons(data: dict[str, Any], text: str, comparisons: list[tuple[str, bool]]) -> None:
    spoken = language("en")
    mentions = Association(text, read_facts(text, spoken), data, spoken, "", None).mentions
    found = find_comparisons(text, mentions, spoken)
    assert [(text[one.start : one.end].strip(), one.is_true) for one in found] == comparisons
