"""The plots of docs/best-time.md: `python -m bench.rhythm_plots FILE`, from what `bench.rhythm` wrote of one run."""

import json
import sys
from pathlib import Path

from bench.report import bar_plot, line_plot

OUT = Path("docs/performance")
# The lines of a plot, by their short names.
_LINES = {
    "histogram": "own histogram",
    "learned": "learned",
    "Thompson": "Thompson, shrunk",
    "population": "population's best hour",
}


def write_plots(file: Path, folder: Path = OUT) -> list[Path]:
    """Write the two plots of a run, in per cent of the lift of a sender who knows each person's best hour."""
    figures = json.loads(file.read_text())
    rows = {name: row for name, row in figures.items() if isinstance(row, dict)}
    last = {f"ours, {name}" if name == "learned" else name: 100 * row["shares"][-1] for name, row in rows.items()}
    weeks = {short: [100 * value for value in rows[name]["weeks"]] for short, name in _LINES.items()}
    ticks = {place: f"week {place + 1}" for place in range(len(weeks["learned"]))}
    plots = {
        "rhythm-last.svg": bar_plot("Per cent of the possible lift, sends 61 to 90", last),
        "rhythm-weeks.svg": line_plot("Per cent of it, by week", weeks, ticks),
    }
    for name, plot in plots.items():
        (folder / name).write_text(plot)
    return [folder / name for name in plots]


if __name__ == "__main__":
    for written in write_plots(Path(sys.argv[1])):
        print(written)
