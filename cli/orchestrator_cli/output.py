"""Prints what commands report: the only module that writes to the terminal.

People, agents and Twilio write names, ids, texts and errors, so every string is text from outside unless a constant
template of ours adds styles to it (G10).
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, TypeVar

import typer
from rich import get_console
from rich import table as rich_table
from rich.console import Console
from rich.progress import Progress, track
from rich.status import Status
from rich.text import Text

Item = TypeVar("Item")


def outside(text: object) -> str:
    """Return text from outside as it may be shown: what a terminal obeys, or does not draw, becomes its escape.

    Control characters, escape sequences, line ends, characters that turn the direction of writing and characters of no
    width are shown as in Python: `\\x1b`, `\\n`, `\\u202e`.

    Example:
        >>> outside("Ada\\x1b[2J\\u202e")
        'Ada\\\\x1b[2J\\\\u202e'
    """
    characters = str(text)
    if characters.isprintable():
        return characters
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in characters)


def style_line(template: str, *values: object) -> Text:
    """Return a line with styles: a constant template in Rich's markup, and values from anywhere for each `{}`."""
    line = Text.from_markup(template, emoji=False)
    # Values take the place of the placeholders once the markup is read, because Rich's `escape` alters backslashes.
    ends = [end for placeholder in re.finditer(r"\{\}", line.plain) for end in placeholder.span()]
    pieces = list(line.divide(ends))
    for place, value in zip(range(1, len(pieces), 2), values, strict=True):
        text = _text(outside(value))
        for span in pieces[place].spans:
            text.stylize(span.style)
        pieces[place] = text
    return Text().join(pieces)


def without_styles(line: object) -> str:
    """Return a plain or styled line as plain text."""
    return _text(line).plain


def stack_lines(*lines: object) -> Text:
    """Return lines, each plain or style_line, as one cell of a table."""
    return Text("\n").join(map(_text, lines))


class Table(rich_table.Table):
    """A table whose cells and title show text from outside."""

    def __init__(self, *headings: str, title: object = None, **options: Any) -> None:
        super().__init__(*headings, title=None if title is None else _text(title), title_justify="left", **options)

    def add_column(self, *parts: Any, **options: Any) -> None:
        """Add a column. A word that is longer than its column goes on in the next line, so that nothing is cut off."""
        super().add_column(*parts, **{"overflow": "fold", **options})

    def add_row(self, *cells: object, **options: Any) -> None:
        """Add a row of plain or styled cells; a table without headings has as many columns as its first row."""
        while len(self.columns) < len(cells):
            self.add_column()
        super().add_row(*map(_text, cells), **options)


def show(*lines: object) -> None:
    """Print lines: plain text, styled text, or tables."""
    for line in lines:
        get_console().print(line if isinstance(line, Table) else _text(line))


def show_error(text: str, style: str = "red") -> None:
    """Print text, which may have several lines, to standard error."""
    console = Console(stderr=True)
    for line in text.split("\n"):
        console.print(Text(outside(line), style))


def show_note(line: object) -> None:
    """Print a plain or styled line to standard error, beside a result on standard output."""
    Console(stderr=True).print(_text(line))


def confirm(question: str, *, yes: bool = False) -> None:
    """Ask a question that is answered with yes or no, on standard error; with `--yes` it is answered.

    Raises:
        typer.Exit: the answer is no, or there is no terminal to answer at.
    """
    if yes:
        return
    try:
        typer.confirm(outside(question), abort=True, err=True)
    except typer.Abort:
        show_error("Nothing was changed. Without a terminal, give --yes.")
        raise typer.Exit(1) from None


def show_json(data: Any) -> None:
    """Print data as JSON that means exactly the data; characters that a terminal obeys are escaped as JSON allows."""
    get_console().print(Text(json_text(data)), soft_wrap=True)


def show_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Print rows as CSV."""
    text = "".join(csv_lines(columns, rows))
    get_console().print(Text(text.rstrip("\n")), soft_wrap=True)


def csv_lines(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield rows as CSV, the headings first, with times in ISO 8601.

    What a terminal obeys is shown as its escape, and what a spreadsheet would compute begins with an apostrophe.
    """
    yield _csv_line(columns)
    for row in rows:
        values = (row[column] for column in columns)
        yield _csv_line(["" if value is None else _no_formula(outside(_plain_value(value))) for value in values])


def _no_formula(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: OWASP ASVS 5.0, 1.2.10 (a tab or a NUL is an escape already)."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _csv_line(values: Sequence[str]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerow(values)
    return file.getvalue()


def json_text(data: Any) -> str:
    """Return data as indented JSON without a raw control, direction or invisible character."""
    text = json.dumps(data, indent=2, ensure_ascii=False, default=_plain_value)
    # Line ends stand between the values; those inside a string are escaped already.
    return re.sub(r"[^\n]", lambda found: found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1], text)


def print_result(facts: Mapping[str, Any], *lines: object, as_json: bool) -> None:
    """Print the result of a command.

    Args:
        facts: the result as data, which `--json` prints.
        lines: the same result for people, each plain or styled.
        as_json: whether to print the facts instead of the lines.
    """
    if as_json:
        show_json(dict(facts))
    else:
        show(*lines)


@contextmanager
def working(what: str) -> Iterator[Status]:
    """Show on standard error that a command works; the lines that it prints meanwhile stay above."""
    with Console(stderr=True).status(what) as status:
        yield status


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Show a bar on standard error."""
    with Progress(console=Console(stderr=True)) as progress:
        yield progress


def progress_of(items: Iterable[Item], what: str, total: int) -> Iterable[Item]:
    """Yield items, and show on standard error how many of `total` are done."""
    return track(items, what, total=total, transient=True, console=Console(stderr=True))


def _plain_value(value: object) -> str:
    """What JSON has no type for, as a string: times and dates in ISO 8601."""
    return value.isoformat() if isinstance(value, date) else str(value)


def _text(value: object) -> Text:
    return value if isinstance(value, Text) else Text(outside(value))
