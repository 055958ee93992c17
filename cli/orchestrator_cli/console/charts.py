"""Plots as SVG that the server draws: bars, each a stack of one part for each series."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# The size of a plot in SVG units, the part of a bar's place that it fills, and the height of a value of no height.
WIDTH, HEIGHT = 720.0, 140.0
FILLED = 0.8
LEAST_HEIGHT = 1.0


@dataclass(frozen=True, slots=True)
class BarPart:
    """One rectangle, in SVG units; `series` is its place among the series."""

    x: float
    y: float
    width: float
    height: float
    series: int


@dataclass(frozen=True, slots=True)
class Chart:
    """One plot, and its numbers as a table.

    Attributes:
        title: what is plotted, with its unit.
        series: the names of the parts of each bar.
        bars: the label of each bar, and a value for each series; None where there is nothing to measure.
        form: how a value is shown, as `format` takes it.
        most: the value of the plot's full height; None for the largest bar.
        has_categories: whether each bar is one of a kind, lies across, and has its label below it.
    """

    title: str
    series: Sequence[str]
    bars: Sequence[tuple[str, Sequence[float | None]]]
    form: str = ",.0f"
    most: float | None = None
    has_categories: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to plot. Of a scale with an end of its own, 0 is a value like others."""
        shown = [value for _, values in self.bars for value in values if value is not None]
        return not (shown if self.most else any(shown))

    @property
    def highest(self) -> str:
        """The value of the plot's full height."""
        return format(self._scale_end(), self.form)

    @property
    def rows(self) -> list[tuple[str, list[str]]]:
        """The table."""
        return [
            (label, ["-" if value is None else format(value, self.form) for value in values])
            for label, values in self.bars
        ]

    @property
    def lengths(self) -> list[float]:
        """The length of each bar that lies across, in SVG units."""
        return [WIDTH * sum(filter(None, values)) / self._scale_end() for _, values in self.bars]

    def parts(self) -> Iterator[BarPart]:
        """The rectangles of all bars."""
        place = WIDTH / max(len(self.bars), 1)
        for number, (_, values) in enumerate(self.bars):
            top = HEIGHT
            for series, value in enumerate(values):
                height = max(HEIGHT * value / self._scale_end(), LEAST_HEIGHT) if value else 0.0
                top -= height
                if height:
                    yield BarPart(place * (number + (1 - FILLED) / 2), top, place * FILLED, height, series)

    def _scale_end(self) -> float:
        return self.most or max((sum(filter(None, values)) for _, values in self.bars), default=0) or 1
