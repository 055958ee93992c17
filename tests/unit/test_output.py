"""Text from outside on the terminal: shown as it is, never obeyed; and no command prints it in another way."""

import ast
import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import rich
import typer
from rich.console import Console
from typer.testing import CliRunner

from orchestrator_cli.error_words import EXPECTED, describe_error
from orchestrator_cli.output import (
    Table,
    confirm,
    csv_lines,
    json_text,
    outside,
    show,
    show_error,
    stack_lines,
    style_line,
)

CLI = Path(__file__).parents[2] / "cli" / "orchestrator_cli"
MODULES = {
    str(file.relative_to(CLI)): ast.parse(file.read_text()) for file in CLI.rglob("*.py") if file.stem != "output"
}
# What writes to a terminal, by the name at its end.
WRITERS = {"print", "echo", "secho", "write", "writelines", "print_json", "print_exception", "pprint", "prompt"}
HOSTILE = [
    "[/bold]", "[bold red]x", "[link=https://evil.example]x[/link]", "\\", "\\[", "a\\[/]", ":skull:", "{}", "{0}",
    "\x1b[2J", "\x1b]0;x\x07", "\x9b31m", "\x00", "\x08", "\x7f", "\r", "\n", "\u2028", "\u202e", "\u2066", "\u200b",
    "\ufeff", "\U000e0041", "\ud800", "", " ", "é ñ 漢 🎉",
]  # fmt: skip


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """A terminal that obeys markup and colours, 200 characters wide."""
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=200, color_system="truecolor")
    monkeypatch.setattr(rich, "_console", console)
    return written


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_terminal_obeys_is_shown(screen: io.StringIO, text: str) -> None:
    plain = outside(text)
    assert plain.isprintable()
    show(text)
    assert screen.getvalue() == f"{plain}\n"
    screen.truncate(screen.seek(0))
    show(style_line("[green]Set[/] {} [red]{}[/].", text, text))
    red = f"\x1b[31m{plain}\x1b[0m" if plain else ""
    assert screen.getvalue() == f"\x1b[32mSet\x1b[0m {plain} {red}.\n"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_question_shows_it(text: str) -> None:
    asked = typer.Typer()
    asked.command()(lambda: confirm(f"Delete {text}?"))
    result = CliRunner().invoke(asked, input="y\n")
    assert (result.output, result.exit_code) == (f"Delete {outside(text)}? [y/N]: y\n", 0)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_table_shows_it_in_each_cell_and_in_its_title(screen: io.StringIO, text: str) -> None:
    table = Table("name", title=text)
    table.add_row(text)
    table.add_row(stack_lines(text, "below"))
    show(table)
    lines = screen.getvalue()
    assert lines.count(outside(text).rstrip()) >= 3
    assert "\x1b[2J" not in lines
    assert "\u202e" not in lines


def test_an_error_of_several_lines_keeps_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    show_error("A: is wrong.\nB\x1b[2J: [/bold] is wrong.")
    assert capsys.readouterr().err == "A: is wrong.\nB\\x1b[2J: [/bold] is wrong.\n"


def test_json_means_exactly_the_data_and_holds_nothing_that_a_terminal_obeys() -> None:
    data = {text: [text] for text in HOSTILE}
    written = json_text(data)
    assert json.loads(written) == data
    assert written.replace("\n", "").isprintable()
    assert "é ñ 漢 🎉" in written


@pytest.mark.parametrize("begin", ["=", "+", "-", "@"])
def test_a_cell_of_csv_is_no_formula(begin: str) -> None:
    row = {
        "agent": f"{begin}HYPERLINK(1)",
        "topic": f"\t{begin}1",
        "at": datetime(2026, 3, 3, tzinfo=UTC),
        "none": None,
    }
    columns, cells = csv.reader(csv_lines(list(row), [row]))
    assert columns == list(row)
    assert cells == [f"'{begin}HYPERLINK(1)", f"\\t{begin}1", "2026-03-03T00:00:00+00:00", ""]


def test_a_table_without_headings_folds_what_is_long(screen: io.StringIO) -> None:
    rich.get_console().width = 30
    table = Table(show_header=False, box=None)
    table.add_row("user id", "0" * 36)
    show(table)
    assert screen.getvalue().count("0") == 36


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (psycopg.OperationalError("connection refused"), "The database cannot be reached: connection refused."),
        (psycopg.OperationalError(), "The database cannot be reached"),
        (psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT"), "The database is read-only: cannot execute"),
        (psycopg.errors.QueryCanceled("statement timeout"), "The database did not finish in time: statement timeout"),
        (psycopg.errors.LockNotAvailable("lock timeout"), "The database did not finish in time: lock timeout"),
        (psycopg.errors.DiskFull("no space left"), "The database is out of connections, memory or disk: no space"),
        (psycopg.errors.UndefinedTable("no such table"), "Run `orchestrator migrate`"),
        (psycopg.errors.InsufficientPrivilege("permission denied"), "needs the role that owns the tables"),
    ],
)
def test_an_error_of_the_database_is_named_for_what_it_is(error: psycopg.Error, words: str) -> None:
    assert isinstance(error, EXPECTED)
    assert words in describe_error(error)


def test_one_module_alone_writes_to_the_terminal() -> None:
    wrong = []
    for name, tree in MODULES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                module = getattr(node, "module", None) or ""
                imported = [module, *(alias.name for alias in node.names)]
                wrong += [f"{name}: imports {found}" for found in imported if found.partition(".")[0] == "rich"]
            if isinstance(node, ast.Call):
                function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                asks = function == "confirm" and isinstance(node.func, ast.Attribute)  # `confirm` is ours
                if function in WRITERS or asks:
                    wrong.append(f"{name}, line {node.lineno}: {function}()")
    assert wrong == []


def test_a_template_with_styles_is_a_constant() -> None:
    """Only what stands in the code is markup: a value goes through a placeholder."""

    def is_constant(node: ast.expr) -> bool:
        if isinstance(node, ast.IfExp):
            return is_constant(node.body) and is_constant(node.orelse)
        return isinstance(node, ast.Constant)

    calls = [
        (name, node)
        for name, tree in MODULES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "style_line"
    ]
    assert len(calls) > 10
    assert [f"{name}, line {call.lineno}" for name, call in calls if not is_constant(call.args[0])] == []
