"""Writes the results of a run as tables, JSON and plots."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from rich.console import Console
from rich.table import Table

from bench.budgets import BUDGETS
from bench.rounds import RoundResult

# Of the plots, in SVG units.
_BAR, _GAP, _LABEL, _NAME, _WIDTH = 18, 8, 250, 100, 760


@dataclass
class Report:
    """Everything that was measured in one run."""

    machine: Mapping[str, str]
    date: str = field(default_factory=lambda: datetime.now(UTC).date().isoformat())
    sections: list[dict[str, Any]] = field(default_factory=list)
    budgets: dict[str, dict[str, str]] = field(default_factory=dict)
    # Line plots, by the end of their file's name.
    plots: dict[str, str] = field(default_factory=dict)

    def add_comparison(self, title: str, unit: str, results: Mapping[str, RoundResult], console: Console) -> None:
        """Add a comparison of several programs, and print it."""
        table = Table("", unit, "spread", "rounds", title=title, title_justify="left")
        for result in results.values():
            table.add_row(result.name, f"{result.median:,.0f}", f"{result.spread:.0%}", str(len(result.values)))
        console.print(table)
        rows = [
            {"name": r.name, "median": r.median, "spread": r.spread, "values": list(r.values)} for r in results.values()
        ]
        self.sections.append({"title": title, "unit": unit, "results": rows})

    def add_facts(self, title: str, facts: Mapping[str, Any], console: Console) -> None:
        """Add figures that are not compared with others, and print them."""
        table = Table("", "", title=title, title_justify="left", show_header=False)
        for name, value in facts.items():
            table.add_row(name, str(value))
        console.print(table)
        self.sections.append({"title": title, "facts": {name: str(value) for name, value in facts.items()}})

    def measure(self, name: str, figure: float) -> None:
        """Add a figure for one of the `BUDGETS`."""
        budget = BUDGETS[name]
        self.budgets[name] = {
            "what": budget.what,
            "target": budget.target,
            "measured": budget.show(figure),
            "of_the_target": f"{figure / budget.limit:.2f}",
            "met": "yes" if budget.is_met(figure) else "no",
            "on": self.date,
        }

    def write(self, folder: Path, name: str, console: Console) -> None:
        """Write the JSON file and the plots, and print the budgets.

        Args:
            folder: where the files go.
            name: the beginning of their names.
            console: where the table goes.
        """
        folder.mkdir(parents=True, exist_ok=True)
        content = {"date": self.date, "machine": self.machine, "sections": self.sections, "budgets": self.budgets}
        (folder / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n")
        for number, section in enumerate(s for s in self.sections if "results" in s):
            values = {row["name"]: row["median"] for row in section["results"]}
            (folder / f"{name}-{number + 1}.svg").write_text(bar_plot(f"{section['title']}, {section['unit']}", values))
        for ending, plot in self.plots.items():
            (folder / f"{name}-{ending}.svg").write_text(plot)
        console.print(f"Written to {folder}.")
        self.print_budgets(folder, console)

    def print_budgets(self, folder: Path, console: Console) -> None:
        """Print every budget: as measured in this run, or as another suite recorded it in its file, with the date."""
        table = Table("budget", "target", "measured", "of the target", "met", show_lines=True)
        table.title, table.title_justify = "Budgets", "left"
        for name, budget in BUDGETS.items():
            row = self.budgets.get(name) or _recorded(folder / f"{budget.suite}.json", name)
            if row is None:
                table.add_row(budget.what, budget.target, f"not yet: python -m bench {budget.suite}", "", "")
                continue
            measured = row["measured"] if name in self.budgets else f"{row['measured']}, on {row['on']}"
            table.add_row(budget.what, budget.target, measured, row["of_the_target"], row["met"])
        console.print(table)


def _recorded(file: Path, name: str) -> dict[str, str] | None:
    """What an earlier run of another suite measured for a budget."""
    if not file.exists():
        return None
    budgets = json.loads(file.read_text()).get("budgets", {})
    # Files of earlier versions hold a list, without names.
    found: dict[str, str] | None = budgets.get(name) if isinstance(budgets, dict) else None
    return found


def bar_plot(title: str, values: Mapping[str, float]) -> str:
    """An SVG plot with a bar for each value; those of this project stand out."""
    most = max(values.values(), default=1) or 1
    height = 40 + len(values) * (_BAR + _GAP)
    parts = [_svg_start(height, title)]
    for place, (name, value) in enumerate(values.items()):
        y = 34 + place * (_BAR + _GAP)
        width = (_WIDTH - _LABEL - 80) * value / most
        colour = "#2f6f5e" if name.startswith(("ours", "1 worker", "2 workers")) else "#b9c4c0"
        parts.append(
            f'<text x="{_LABEL - 8}" y="{y + 13}" text-anchor="end">{escape(name)}</text>'
            f'<rect x="{_LABEL}" y="{y}" width="{width:.1f}" height="{_BAR}" fill="{colour}"/>'
            f'<text x="{_LABEL + width + 6:.1f}" y="{y + 13}">{value:,.0f}</text>'
        )
    return "".join(parts) + "</svg>\n"


def line_plot(title: str, series: Mapping[str, Sequence[float]], ticks: Mapping[int, str]) -> str:
    """An SVG plot with a line for each series.

    Args:
        title: the heading.
        series: values by name, of the same number each.
        ticks: labels below the plot, by the index of the value.
    """
    height, left, bottom = 280, 50, 30
    most = max((max(values) for values in series.values()), default=1) or 1
    places = max(len(values) for values in series.values())
    colours = ("#b9c4c0", "#2f6f5e", "#b0682c", "#3a5a9c")
    parts = [_svg_start(height, title)]

    def point(place: int, value: float) -> str:
        x = left + place / max(places - 1, 1) * (_WIDTH - left - 20)
        return f"{x:.1f},{height - bottom - value / most * (height - bottom - 40):.1f}"

    for place, label in ticks.items():
        x = point(place, 0).partition(",")[0]
        parts.append(f'<text x="{x}" y="{height - 10}" text-anchor="middle" fill="#666">{escape(label)}</text>')
    parts.append(f'<text x="{left - 6}" y="46" text-anchor="end" fill="#666">{most:,.0f}</text>')
    for number, (name, values) in enumerate(series.items()):
        points = " ".join(point(place, value) for place, value in enumerate(values))
        colour = colours[number % len(colours)]
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{points}"/>')
        # On the line of the title, where no line of the plot crosses them.
        position = f'x="{_WIDTH - 20 - _NAME * (len(series) - 1 - number)}" y="20" text-anchor="end"'
        parts.append(f'<text {position} fill="{colour}">{escape(name)}</text>')
    return "".join(parts) + "</svg>\n"


def _svg_start(height: int, title: str) -> str:
    size = f'viewBox="0 0 {_WIDTH} {height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">'
        '<rect width="100%" height="100%" fill="#fff"/>'
        f'<text x="8" y="20" font-weight="bold">{escape(title)}</text>'
    )
