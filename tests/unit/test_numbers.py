"""The waits and limits that the documents state are those of the code."""

import importlib
import re
from datetime import timedelta
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(
    r"\| (?P<what>[^|]+) \| (?P<number>[\d,.]+) ?(?P<unit>[a-z]*) \| `(?P<module>[\w.]+)\.(?P<name>\w+)` \|"
)
UNITS = {
    unit: timedelta(seconds=seconds)
    for unit, seconds in {"s": 1, "min": 60, "h": 3_600, "day": 86_400, "days": 86_400}.items()
}
ROWS = [row.groupdict() for row in ROW.finditer((ROOT / "docs/numbers.md").read_text())]


def test_each_row_is_read() -> None:
    lines = [line for line in (ROOT / "docs/numbers.md").read_text().splitlines() if line.endswith("` |")]
    assert len(lines) == len(ROWS) > 80


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['module']}.{row['name']}")
def test_a_wait_or_limit_is_what_the_documents_say(row: dict[str, str]) -> None:
    found = getattr(importlib.import_module(f"orchestrator.{row['module']}"), row["name"])
    number = float(row["number"].replace(",", ""))
    if isinstance(found, timedelta):
        assert found == number * UNITS[row["unit"]]
    else:
        assert found == (number * UNITS[row["unit"]].total_seconds() if row["unit"] else number)
