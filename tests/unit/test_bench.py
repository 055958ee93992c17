"""The bench: budgets, the table that shows them, ratios of rounds, and shares of wait events."""

import io
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console

from bench.budgets import BUDGETS
from bench.report import Report
from bench.rounds import RoundResult
from bench.waits import Waits
from orchestrator_local.template import ROOT

FIGURES = [
    ("delivery", 2.0, "yes"),
    ("delivery", 1.99, "no"),
    ("locks", 0.02, "no"),
    ("locks", 0.019, "yes"),
    ("round_trips", 0.5, "yes"),
    ("round_trips", 0.51, "no"),
    ("urgent_beside_bulk", 999, "yes"),
    ("claude_calls", 101, "no"),
]


@pytest.mark.parametrize(("name", "figure", "met"), FIGURES)
def test_a_figure_meets_its_budget_or_not(name: str, figure: float, met: str) -> None:
    report = Report({})
    report.measure(name, figure)
    assert report.budgets[name]["met"] == met


def test_the_table_shows_every_budget_and_what_other_suites_recorded(tmp_path: Path) -> None:
    recorded = Report({}, date="2026-11-25")
    recorded.measure("claims", 2.55)
    recorded.write(tmp_path, "scale", Console(file=io.StringIO()))
    report = Report({}, date="2026-11-26")
    report.measure("delivery", 1.44)
    output = io.StringIO()
    report.write(tmp_path, "usual", Console(file=output, width=200))
    table = output.getvalue()
    assert all(budget.target in table for budget in BUDGETS.values())
    assert re.search(r"at least 2.00 times\W+1.44 times\W+0.72\W+no", table)
    assert re.search(r"at most 1.50 times\W+2.55 times, on 2026-11-25\W+1.70\W+no", table)
    assert "not yet: python -m bench held" in table
    assert json.loads((tmp_path / "usual.json").read_text())["budgets"].keys() == {"delivery"}


def test_the_page_lists_the_budgets_of_the_bench() -> None:
    page = (ROOT / "docs" / "performance.md").read_text()
    table = page.partition("## The budgets")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:3]] for line in table.splitlines() if line.startswith("| ")]
    assert rows[1:] == [[budget.what, budget.target] for budget in BUDGETS.values()]


def test_a_ratio_is_the_median_of_the_ratios_of_the_rounds() -> None:
    # The machine was half as fast in the second round.
    ours, peer = RoundResult("ours", (200, 90, 220)), RoundResult("peer", (100, 50, 100))
    assert ours.ratio_to(peer) == 2.0


def test_the_share_of_locks_is_of_all_waiting() -> None:
    seen = Counter({("IO", "WalSync"): 6, ("Lock", "transactionid"): 3, ("LWLock", "WALWrite"): 1})
    assert Waits(seen).lock_share == 0.3
    assert Waits(seen + Counter({("Lock", "extend"): 10})).lock_share == 0.15, (
        "a file that grows is waited for, not locked"
    )
    assert Waits(seen).show(2) == "IO:WalSync 60%, Lock:transactionid 30%"
    assert Waits().lock_share == 0
