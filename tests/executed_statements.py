"""Records which statements of `store/sql` the tests execute, and fails a whole run that leaves one out.

A run is whole when it collected every file of `tests/integration`, selected nothing by name, and passed.
"""

import re
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest

from orchestrator import store

FILES = sorted((Path(store.__file__).parent / "sql").glob("*.sql"))
INTEGRATION = Path(__file__).parent / "integration"
# A stored statement is called by a name that ends with a digest of its text.
_STORED_CALL = re.compile(r"orchestrator\.(\w+)_[0-9a-f]{8,}\(")

executed: set[str] = set()
"""The names of the statements that this process has executed."""

_collected: set[str] = set()


def pytest_configure() -> None:
    """Add to `executed` each statement that a cursor of this process executes from now on."""
    original = psycopg.Cursor.execute

    def execute(cursor: psycopg.Cursor[Any], query: Any, *arguments: Any, **options: Any) -> Any:
        name = _name_of(query) if isinstance(query, bytes) else None
        if name:
            executed.add(name)
        return original(cursor, query, *arguments, **options)

    psycopg.Cursor.execute = execute  # type: ignore[method-assign,assignment]  # every call goes through here, in a pipeline too


def left_out(names: Collection[str]) -> list[str]:
    """Return the statements that are missing from the names."""
    return [file.stem for file in FILES if file.stem not in names]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Note what a run without xdist collected."""
    _collected.update(item.nodeid for item in session.items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: object, ids: list[str]) -> None:
    """Note what a worker of xdist collected."""
    _collected.update(ids)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take over what a worker of xdist executed."""
    executed.update(getattr(node, "workeroutput", {}).get("executed_statements", ()))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a whole run in which a statement was not executed."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["executed_statements"] = sorted(executed)
    elif session.exitstatus == pytest.ExitCode.OK and _is_whole(session.config) and left_out(executed):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the statements that a whole run did not execute."""
    if _is_whole(terminalreporter.config) and not terminalreporter.stats.get("failed"):
        for name in left_out(executed):
            terminalreporter.write_line(f"FAILED: no test executes the statement store/sql/{name}.sql", red=True)


def _is_whole(config: pytest.Config) -> bool:
    selects = (
        config.option.collectonly
        or config.getoption("keyword")
        or config.getoption("markexpr")
        or any("::" in part for part in config.args)
    )
    files = {Path(nodeid.partition("::")[0]).name for nodeid in _collected if "tests/integration/" in nodeid}
    return not selects and files == {file.name for file in INTEGRATION.glob("test_*.py")}


@cache
def _name_of(query: bytes) -> str | None:
    text = query.decode()
    stored = _STORED_CALL.search(text)
    return stored[1] if stored else _names_by_text().get(_without_comments(text))


@cache
def _names_by_text() -> dict[str, str]:
    return {_without_comments(file.read_text()): file.stem for file in FILES}


def _without_comments(text: str) -> str:
    return " ".join(re.sub(r"--.*", "", text).split())
