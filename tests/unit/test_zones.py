"""The short names of time zones, and the offsets from UTC that people mean by them."""

from decimal import Decimal

import pytest

from orchestrator.wording.facts.data_facts import DataFacts
from orchestrator.wording.facts.kinds import Offset, Zone
from orchestrator.wording.facts.known import is_known
from orchestrator.wording.facts.language import language
from orchestrator.wording.facts.reading import read_facts
from orchestrator.wording.facts.zones import ZONES

# https://www.timeanddate.com/time/zones/
OFFSETS = {
    "UTC": [0], "GMT": [0], "EST": [-5], "EDT": [-4], "ET": [-5, -4], "Eastern": [-5, -4], "CST": [-6], "CDT": [-5],
    "CT": [-6, -5], "Central": [-6, -5], "MST": [-7], "MDT": [-6], "MT": [-7, -6], "Mountain": [-7, -6], "PST": [-8],
    "PDT": [-7], "PT": [-8, -7], "Pacific": [-8, -7], "CET": [1], "CEST": [2], "BST": [1], "MEZ": [1], "MESZ": [2],
}  # fmt: skip


def test_the_table_holds_every_zone() -> None:
    assert set(OFFSETS) == set(ZONES)


@pytest.mark.parametrize(("name", "hours"), OFFSETS.items())
def test_an_instant_of_these_offsets_is_one_of_the_zone(name: str, hours: list[int]) -> None:
    (_, (zone,)) = (found.readings for found in read_facts(f"It is 5 PM {name}", language("en")))
    assert zone == Zone(name)
    known = [hour for hour in range(-12, 15) if is_known(zone, DataFacts(facts={Offset(Decimal(hour))}), None)]
    assert known == hours
