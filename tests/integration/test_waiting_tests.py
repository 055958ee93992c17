"""The pytest that waits: each request runs its tests in a fork, which leaves nothing behind."""

import os
from pathlib import Path

import psycopg
import pytest

from tests.conftest import OWN_SERVER
from tests.mutants.mutant import ROOT
from tests.mutants.run import PACKAGES
from tests.mutants.waiting import NEW_PROCESS_NEEDED, WaitingTests

TESTS = """
import os, pathlib, time

import psycopg

from orchestrator.ids import id_from_sqs

MADE_AT_IMPORT = id_from_sqs("x")

def test_passes(): pass

def test_says_yes(): assert pathlib.Path("answer").read_text() == "yes"

def test_takes_long(): time.sleep(60)

def test_makes_a_database():
    with psycopg.connect(os.environ["TEST_POSTGRES_URL"], autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE forgotten_{os.getpid()}")

def test_copies_a_template_that_no_other_pytest_makes_anew():
    from tests import conftest
    assert conftest.TEMPLATE_DATABASE != "template_orchestrator"
    with psycopg.connect(os.environ["TEST_POSTGRES_URL"]) as connection:
        assert connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", (conftest.TEMPLATE_DATABASE,)
        ).fetchone()
"""


def test_tests_run_in_a_fork_until_one_fails(server: str, tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text(TESTS)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(str(ROOT / package) for package in PACKAGES),
        OWN_SERVER: server,
    }
    with WaitingTests.started(tmp_path, environment, ["test_a.py"]) as waiting:

        def run(*tests: str, unit: str = "statement:count_outcomes", timeout: float = 30) -> int:
            return waiting.run(unit, [f"test_a.py::test_{test}" for test in tests], timeout)

        for answer, code in (("yes", pytest.ExitCode.OK), ("no", pytest.ExitCode.TESTS_FAILED)):
            (tmp_path / "answer").write_text(answer)
            assert run("passes", "says_yes") == code
        assert run("says_yes", "takes_long") == pytest.ExitCode.TESTS_FAILED, "the second one was not begun"
        assert run("takes_long", timeout=0.5) == pytest.ExitCode.TESTS_FAILED
        assert run("passes", unit="orchestrator.ids:spread_of") == pytest.ExitCode.OK
        assert run("passes", unit="orchestrator.ids:id_from_sqs") == NEW_PROCESS_NEEDED, "it ran before the change"
        assert run("passes", unit="orchestrator.ids:no_such_function") == NEW_PROCESS_NEEDED
        assert run("makes_a_database") == pytest.ExitCode.OK
        assert run("copies_a_template_that_no_other_pytest_makes_anew") == pytest.ExitCode.OK
    with psycopg.connect(server) as connection:
        left = connection.execute("SELECT datname FROM pg_database WHERE datname ~ '^(forgotten|mutants_template)'")
        assert left.fetchall() == []


def test_tests_that_cannot_be_collected_are_said_at_the_first_request(server: str, tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text("import no_such_module")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), OWN_SERVER: server}
    with WaitingTests.started(tmp_path, environment, ["test_a.py"]) as waiting, pytest.raises(EOFError):
        waiting.run("statement:count_outcomes", ["test_a.py::test_it"], 30)
