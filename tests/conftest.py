"""What every test shares: one Postgres cluster per run, one database per worker, SQS in the process, stand-ins."""

import gc
import os
import re
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from functools import cache
from types import ModuleType

import psycopg
import pytest
import typer.testing
from hypothesis import settings
from psycopg import Connection
from psycopg.conninfo import make_conninfo

# Set before anything imports boto3 or Powertools.
os.environ.update(
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",
    AWS_DEFAULT_REGION="us-east-1",
    POWERTOOLS_TRACE_DISABLED="true",
    COLUMNS="160",  # what commands print is not to be broken differently on each machine
)

from orchestrator.delivery import outage
from orchestrator.errors import OrchestratorError
from orchestrator.store.database import Database, connect
from orchestrator.store.migrate import migrate
from orchestrator.wording import claude as wording_claude
from orchestrator_cli import dead_letters
from orchestrator_local.postgres import embedded_postgres
from orchestrator_local.stand_ins.claude import API_KEY, Claude
from orchestrator_local.stand_ins.phones import AUTH_TOKEN, Phones
from tests.databases import Prepare, PreparedDatabase, copied_database, folder_in_memory
from tests.invariants import broken_invariants
from tests.tables import empty_tables
from tests.world import FUNCTIONS, PRIVACY_KEY, QUEUES, World, function_environment

pytest_plugins = ["tests.executed_statements"]

TEMPLATE_DATABASE = "template_orchestrator"
# A transaction-mode pooler on 127.0.0.1 before that server, for everything but migrations: its port.
POOLER_PORT = "TEST_POOLER_PORT"
# A server to use instead of the embedded one, such as an older Postgres: a URL with the right to create databases.
OWN_SERVER = "TEST_POSTGRES_URL"

# Each run of a command in this process would build all commands again: 50 ms, a thousand times.
typer.testing._get_command = cache(typer.testing._get_command)  # type: ignore[attr-defined]  # `get_command` of typer.main

# A busy machine is slow, and no test asserts a time.
settings.register_profile("without deadlines", deadline=None)
settings.load_profile("without deadlines")


def pytest_configure(config: pytest.Config) -> None:
    """Start the cluster once, in the process that hands out the tests."""
    if hasattr(config, "workerinput") or config.option.collectonly or _needs_no_database(config):
        return
    parts = ExitStack()
    config.add_cleanup(parts.close)
    server = os.environ.get(OWN_SERVER)
    if not server:
        folder = parts.enter_context(folder_in_memory("orchestrator-test-"))
        fast = {
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": "200",
            "wal_keep_size": "256MB",  # a test reads the log of the last seconds
        }
        server = parts.enter_context(embedded_postgres(folder / "postgres", fast))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {TEMPLATE_DATABASE}")
        connection.execute(f"CREATE DATABASE {TEMPLATE_DATABASE}")
    migrate(make_conninfo(server, dbname=TEMPLATE_DATABASE))
    config.stash[_SERVER] = server


_SERVER = pytest.StashKey[str]()


def pytest_collection() -> None:
    """Look for no garbage while ten thousand tests are collected, all of which stay: it took a fourth of that time."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Look for garbage again, but not among the tests."""
    gc.freeze()
    gc.enable()


def _needs_no_database(config: pytest.Config) -> bool:
    without = ("tests/unit", "tests/contracts")
    return bool(config.args) and all(any(folder in argument for folder in without) for argument in config.args)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tell each xdist worker where the cluster is."""
    node.workerinput["server"] = node.config.stash.get(_SERVER, "")  # type: ignore[attr-defined]  # xdist's WorkerController


# What no line of a function's log may hold, whichever test made it write one (G10).
_NUMBER = re.compile(r"\+1\d{10}")
_SECRETS = (AUTH_TOKEN, API_KEY, PRIVACY_KEY)
# A shorter text may well be a word of ours.
_WORDS = 12


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test whose functions logged or raised a number, a secret, or the words of a text."""
    report = yield
    if report.when == "call" and report.passed:
        world = getattr(item, "funcargs", {}).get("world")
        forbidden = [*_SECRETS, *(words for words in _words_in(world) if len(words) >= _WORDS)]
        # Lines in JSON are the functions' own, and what left a handler (`World.invoke`); under "log" are the libraries'.
        printed = "".join(text for name, text in report.sections if name.startswith("Captured stdout"))
        logged = "".join(text for name, text in report.sections if name.startswith("Captured log"))
        lines = [line for line in printed.splitlines() if line.startswith("{")] + logged.splitlines()
        leaks = [line for line in lines if _NUMBER.search(line) or any(words in line for words in forbidden)]
        if leaks:
            report.outcome = "failed"
            report.longrepr = f"A function's log holds a number, a secret or the words of a text:\n{leaks[0]}"
    return report


def _words_in(world: World | None) -> Iterator[str]:
    """The words that a test's people and agents wrote: on phones, and in the database."""
    if world is None:
        return
    yield from (text.body for text in [*world.phones.texts, *world.phones.replies])
    stored = (
        "SELECT content FROM messages UNION SELECT final_message FROM message_queue WHERE final_message IS NOT NULL"
        " UNION SELECT message_data ->> 'message' FROM message_queue WHERE message_data ->> 'message' IS NOT NULL"
        " UNION SELECT body FROM orchestrator.strangers"
    )
    if not world.connection.closed:
        yield from (words for (words,) in world.all(stored))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests measured, whichever worker ran them."""
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> str:
    """The URL of the cluster."""
    if hasattr(request.config, "workerinput"):
        return str(request.config.workerinput["server"])
    return request.config.stash[_SERVER]


@pytest.fixture(scope="session")
def database_url(server: str) -> Iterator[str]:
    """A database for this worker, with every migration applied."""
    name = f"test_{os.getpid()}"
    port = os.environ.get(POOLER_PORT)
    with copied_database(server, name, TEMPLATE_DATABASE) as url:
        yield f"postgresql://postgres@127.0.0.1:{port}/{name}" if port else url


@pytest.fixture
def empty_database(server: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database with nothing in it."""
    with copied_database(server, f"empty_{os.getpid()}_{abs(hash(request.node.nodeid))}", "template0") as url:
        yield url


@pytest.fixture(scope="session")
def _templates(server: str) -> Iterator[Callable[[Prepare], str]]:
    """The name of the database that a function prepared, which is made when it is first asked for."""
    names: dict[Prepare, str] = {}
    with ExitStack() as databases:

        def template(prepare: Prepare) -> str:
            if prepare not in names:
                name = f"template_{os.getpid()}_{len(names)}"
                prepare(databases.enter_context(copied_database(server, name, "template0")))
                names[prepare] = name
            return names[prepare]

        yield template


@pytest.fixture
def prepared_database(
    server: str, request: pytest.FixtureRequest, _templates: Callable[[Prepare], str]
) -> Iterator[PreparedDatabase]:
    """A database as a function prepares an empty one.

    The function runs once in a worker, and each test gets a copy: all migrations take ten times as long as a copy.
    """
    name = f"prepared_{os.getpid()}_{abs(hash(request.node.nodeid))}"
    with ExitStack() as databases:
        yield lambda prepare: databases.enter_context(copied_database(server, name, _templates(prepare)))


@pytest.fixture(scope="session")
def _stand_ins() -> Iterator[tuple[Phones, Claude, str, str]]:
    from orchestrator_local.stand_ins.http import serve

    phones, claude = Phones(), Claude()
    with serve(phones) as twilio_url, serve(claude) as claude_url:
        yield phones, claude, twilio_url, claude_url


@pytest.fixture(scope="session")
def _functions(
    database_url: str, _stand_ins: tuple[Phones, Claude, str, str]
) -> Iterator[tuple[dict[str, ModuleType], dict[str, str]]]:
    """The functions, imported as Lambda would, in an AWS that is moto's."""
    import importlib

    import anthropic  # noqa: F401  (two seconds, which the first test's deadline would not have)
    import boto3
    from moto import mock_aws

    _, _, twilio_url, claude_url = _stand_ins
    with mock_aws():
        sqs = boto3.client("sqs")
        urls = {variable: sqs.create_queue(QueueName=name)["QueueUrl"] for variable, name in QUEUES.items()}
        os.environ.update(function_environment(database_url, urls, twilio_url, claude_url))
        os.environ["ANTHROPIC_API_KEY"] = API_KEY
        functions = {name: importlib.import_module(f"functions.{name}.app") for name in FUNCTIONS}
        # Markers have tests of their own; elsewhere the inbound queue holds what the test put there.
        dispatch = functions["dispatch"]
        dispatch.__dict__["settings"] = dispatch.settings.model_copy(update={"inbound_queue_url": None})
        for app in functions.values():
            if "database" in app.__dict__:
                # The tests move the clock, which is then not compared with the database's.
                app.__dict__["database"] = Database(app.settings)
        yield functions, urls


@pytest.fixture(scope="session")
def _kept_connections(database_url: str) -> Iterator[list[Connection]]:
    """The connection that the last test gave back: a new session reads the catalog again, which takes 10 ms a test."""
    kept: list[Connection] = []
    yield kept
    for connection in kept:
        connection.close()


@pytest.fixture
def connection(database_url: str, _kept_connections: list[Connection]) -> Iterator[Connection]:
    """A connection to this worker's database, emptied before the test."""
    connection = _kept_connections.pop() if _kept_connections else connect(database_url)
    try:
        empty_tables(connection)
    except psycopg.OperationalError:  # the last test ended its session from another one
        connection.close()
        connection = connect(database_url)
        empty_tables(connection)
    yield connection
    try:
        connection.execute("DISCARD ALL")  # fails where the test closed the connection, or left a transaction open
        _kept_connections.append(connection)
    except psycopg.Error:
        connection.close()


@pytest.fixture
def world(
    connection: Connection,
    _stand_ins: tuple[Phones, Claude, str, str],
    _functions: tuple[dict[str, ModuleType], dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    """The whole path in this process: handlers, database, queues, Twilio and Claude, and the clock in the test's hand."""
    phones, claude, _, _ = _stand_ins
    functions, urls = _functions
    phones.reset()
    claude.reset()
    with World.begin(connection, functions, urls, phones, claude) as world:
        monkeypatch.setattr(outage, "wait", world.wait_in_tick)
        monkeypatch.setattr(wording_claude, "FIRST_PAUSE_SECONDS", 0.01)
        monkeypatch.setattr(dead_letters, "WAIT_SECONDS", 0)  # a queue of moto is one server
        yield world
    assert broken_invariants(connection) == {}


@pytest.fixture
def run_command(world: World) -> Callable[..., str]:
    """Run the command line in this process, at the world's time; it returns what was printed."""
    from typer.testing import CliRunner

    from orchestrator_cli.main import app

    def run(*arguments: str, code: int = 0) -> str:
        result = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, arguments)
        assert result.exit_code == code, result.output
        # `run` of the command line prints an expected error.
        return result.output + (str(result.exception) if isinstance(result.exception, OrchestratorError) else "")

    return run


@pytest.fixture
def putting_markers(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dispatcher puts markers on the inbound queue."""
    app = world.functions["dispatch"]
    settings = app.settings.model_copy(update={"inbound_queue_url": world.urls["INBOUND_QUEUE_URL"]})
    monkeypatch.setitem(app.__dict__, "settings", settings)
