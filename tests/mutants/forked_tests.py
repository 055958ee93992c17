"""A plugin of pytest that answers the requests of `WaitingTests`: each runs its tests in a fork of this process."""

import importlib
import inspect
import json
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, NoReturn

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.mutants.probes import put_in_place
from tests.mutants.waiting import ANSWERS, NEW_PROCESS_NEEDED, REQUESTS

_POLL_SECONDS = 0.02
# What has run in this process: collecting the tests, and making the template.
_ran: set[str] = set()


def pytest_load_initial_conftests() -> None:
    """Note which functions run when the tests are collected."""
    put_in_place(_ran)


def pytest_runtestloop(session: pytest.Session) -> bool:
    """Answer requests until there are no more.

    Raises:
        KeyError: pytest has not found such a test.
    """
    items = {item.nodeid: item for item in session.items}
    with (
        os.fdopen(int(os.environ[REQUESTS])) as requests,
        os.fdopen(int(os.environ[ANSWERS]), "w") as answers,
        _own_template(),
    ):
        for line in requests:
            request = json.loads(line)
            chosen = [items[name] for name in request["tests"]]
            process = os.fork()
            if not process:
                _run_in_this_process(chosen, request["unit"])
            code = _code_of(process, request["timeout"])
            _drop_databases_of(process)
            answers.write(f"{code}\n")
            answers.flush()
    return True


@contextmanager
def _own_template() -> Iterator[None]:
    """Keep a copy of the template: a pytest for a mutant of Python code or of a function makes it anew, with the mutant."""
    from tests import conftest
    from tests.databases import copied_database

    name = f"mutants_template_{os.getpid()}"
    with copied_database(os.environ[conftest.OWN_SERVER], name, conftest.TEMPLATE_DATABASE):
        conftest.TEMPLATE_DATABASE = name
        yield


def _run_in_this_process(items: Sequence[pytest.Item], unit: str) -> NoReturn:
    code: int = NEW_PROCESS_NEEDED
    try:
        os.setpgid(0, 0)
        if _take_up(unit):
            code = pytest.ExitCode.INTERNAL_ERROR
            code = _run(items)
    finally:
        os._exit(code)


def _run(items: Sequence[pytest.Item]) -> int:
    """Run tests until one fails."""
    for item, following in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if item.session.testsfailed:
            return pytest.ExitCode.TESTS_FAILED
    return pytest.ExitCode.OK


def _take_up(unit: str) -> bool:
    """Take up what has changed on disk; not the code of a function that has run, whose results may be kept anywhere."""
    kind, _, name = unit.partition(":")
    if kind == "statement":
        _take_up_statement(name)
    elif unit in _ran:
        return False
    else:
        take_up_function(kind, name)
    return True


def take_up_function(module: str, name: str) -> None:
    """Give a function, or a method named `Class.method`, its code anew, wherever it has been imported.

    Raises:
        ValueError: it uses other names of what is around it than before.
    """
    found: Any = importlib.import_module(module)
    source = Path(found.__file__)
    code = compile(source.read_text(), source, "exec")
    for part in name.split("."):
        found = vars(found)[part]
        # Of several, the last one is what the name means: those before it are for the type checker.
        code = [inner for inner in code.co_consts if isinstance(inner, CodeType) and inner.co_name == part][-1]
    _undecorated(found).__code__ = code


def _undecorated(member: Any) -> FunctionType:
    """The function of a method, a property, or whatever a decorator of this code has made of it."""
    for name in ("__func__", "fget", "func"):
        member = getattr(member, name, member)
    function: FunctionType = inspect.unwrap(member)
    return function


def _take_up_statement(statement: str) -> None:
    """Read a changed statement again; where it is a stored one, tests copy a template that has its function."""
    # Imported here, after pytest: it rewrites what it imports first.
    from orchestrator.store.database import sql
    from orchestrator.store.stored_statements import STORED, create_functions, stored_call
    from tests import conftest

    sql.cache_clear()
    stored_call.cache_clear()
    if statement in STORED:
        template = f"mutants_{os.getpid()}"
        server = os.environ[conftest.OWN_SERVER]
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {template} TEMPLATE {conftest.TEMPLATE_DATABASE}".encode())
        with psycopg.connect(make_conninfo(server, dbname=template), autocommit=True) as connection:
            create_functions(connection)
        conftest.TEMPLATE_DATABASE = template


def _code_of(process: int, timeout: float) -> int:
    """Wait for a process, and return its exit code; that of a failed test, where it does not end in time."""
    deadline = time.monotonic() + timeout
    while not (ended := os.waitpid(process, os.WNOHANG))[0] and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    try:
        os.killpg(process, signal.SIGKILL)  # with what a test started and left behind
    except ProcessLookupError:
        pass
    if ended[0]:
        return os.waitstatus_to_exitcode(ended[1])
    os.waitpid(process, 0)
    return pytest.ExitCode.TESTS_FAILED


def _drop_databases_of(process: int) -> None:
    from tests import conftest

    with psycopg.connect(os.environ[conftest.OWN_SERVER], autocommit=True) as connection:
        named = connection.execute("SELECT datname FROM pg_database WHERE datname ~ %s", (f"_{process}(_|$)",))
        for (name,) in named.fetchall():
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
