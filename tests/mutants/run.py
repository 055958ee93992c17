"""Runs the tests that reach a mutant, in a copy of the working tree with a Postgres of its own."""

import ast
import math
import os
import shutil
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from itertools import chain, zip_longest
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from orchestrator.store.migrate import migrate
from orchestrator_local.postgres import embedded_postgres
from tests.mutants.likeness import likeness
from tests.mutants.mutant import ROOT, Mutant
from tests.mutants.record import FOLDER, Reach, read_map
from tests.mutants.sql_code import callers_of, is_valid
from tests.mutants.waiting import NEW_PROCESS_NEEDED, WaitingTests

PACKAGES = ("shared", "local", "cli", ".")
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}
# Those that start processes of their own are too slow for this, and reach nothing that these do not.
TESTS = ("tests/unit", "tests/integration", "tests/contracts")
# Tests without a database: a thousand of them take as long as a hundred of the others.
NO_TIME = 0.02
# To start Python, import everything, and migrate a template.
START_SECONDS = 30
# To find all tests, on a busy machine.
COLLECT_SECONDS = 180


class Outcome(Enum):
    """What the tests made of a mutant. A mutant that pytest could not try is counted in neither."""

    NOTICED = "noticed"
    NOT_NOTICED = "not noticed"
    NOT_TRIED = "not tried"


# What the exit codes of pytest mean. All others are about the run: interrupted, broken, no such test, no test at all.
OUTCOMES: dict[int, Outcome] = {pytest.ExitCode.TESTS_FAILED: Outcome.NOTICED, pytest.ExitCode.OK: Outcome.NOT_NOTICED}


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a mutant, how many tests ran, and how many tests reach it."""

    mutant: Mutant
    outcome: Outcome
    tests: int
    reaching: int


@dataclass(frozen=True, slots=True)
class Bench:
    """A copy of the working tree and a server: the place where one mutant after the other is tried."""

    folder: Path
    server: str
    waiting: WaitingTests

    @classmethod
    @contextmanager
    def set_up(cls, folder: Path) -> Iterator["Bench"]:
        """Copy what Git knows or would add, and start a Postgres."""
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():
                (folder / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / "tree" / name)
        with embedded_postgres(folder / "postgres", FAST) as server:
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute("CREATE DATABASE mutants")
            migrate(make_conninfo(server, dbname="mutants"))
            with WaitingTests.started(folder / "tree", _environment(folder / "tree", server), TESTS) as waiting:
                yield cls(folder / "tree", server, waiting)

    def is_valid(self, mutant: Mutant) -> bool:
        """Whether the mutant compiles, or Postgres accepts it."""
        if not mutant.file.endswith(".sql"):
            try:
                ast.parse(mutant.text)
            except SyntaxError:
                return False
            return True
        with psycopg.connect(make_conninfo(self.server, dbname="mutants"), autocommit=True) as connection:
            return is_valid(connection, mutant)

    def check_map(self, reach: Reach) -> None:
        """Check that pytest finds the tests of a map: where it finds none, it ends as where a mutant breaks them.

        Raises:
            SystemExit: a test was renamed or removed since the map was recorded.
        """
        if self.run_tests(list(reach), COLLECT_SECONDS, "--collect-only"):
            sys.exit("pytest does not find all tests of the map: record it again, without --keep-map.")

    def try_out(self, mutant: Mutant, reach: Reach, seconds: float) -> Result:
        """Run the tests that reach a mutant until one fails, for about so many seconds; one that hangs is noticed too."""
        kind, _, name = mutant.unit.partition(":")
        reaching = reaching_tests(mutant.unit, reach)
        tests = choose_tests(mutant, reaching, reach, seconds)
        if not tests:
            return Result(mutant, Outcome.NOT_NOTICED, tests=0, reaching=0)
        file = self.folder / mutant.file
        file.write_text(mutant.text)
        # Bytecode is cached by second and size, and mutants may share both.
        os.utime(file, (mutant.place, hash(mutant.text) % 2**31))
        try:
            timeout = 3 * seconds + START_SECONDS
            # A function of a trigger and the code of a module are in everything that is imported or migrated.
            code = (
                NEW_PROCESS_NEEDED if not name or kind == "function" else self.waiting.run(mutant.unit, tests, timeout)
            )
            if code == NEW_PROCESS_NEEDED:
                code = self.run_tests(tests, timeout)
        finally:
            shutil.copy2(ROOT / mutant.file, file)
        return Result(mutant, OUTCOMES.get(code, Outcome.NOT_TRIED), len(tests), len(reaching))

    def run_tests(self, tests: Sequence[str], timeout: float, *options: str) -> int:
        """Run tests in the copy, and return the exit code of pytest; one that does not end in time counts as failed."""
        (self.folder / "selected-tests").write_text("\n".join(tests))
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *options, "@selected-tests"],
            cwd=self.folder,
            env=_environment(self.folder, self.server),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            return pytest.ExitCode.TESTS_FAILED
        finally:
            # What a test started and left behind holds on to the database.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()


def _environment(folder: Path, server: str) -> dict[str, str]:
    """The variables with which pytest tests a copy of the working tree on a server."""
    packages = os.pathsep.join(str(folder / package) for package in PACKAGES)
    return {**os.environ, "PYTHONPATH": packages, "TEST_POSTGRES_URL": server}


def choose_tests(mutant: Mutant, reaching: Sequence[str], reach: Reach, seconds: float) -> list[str]:
    """Choose from the tests that reach a mutant as many as take about so many seconds.

    Two orders get half of the time each: the tests that share rare words with the change, and one of every sort.
    """
    orders = [iter(_likely_first(mutant, reaching, reach)), iter(_one_of_each_file(mutant, reaching, reach))]
    spent = [0.0, 0.0]
    chosen: dict[str, None] = {}
    while len(chosen) < len(reaching):
        turn = spent.index(min(spent))
        test = next(orders[turn], None)
        if test is None:
            spent[turn] = math.inf
        elif test not in chosen:
            seconds -= reach[test].seconds
            if seconds < 0 and chosen:
                break
            spent[turn] += reach[test].seconds
            chosen[test] = None
    return list(chosen)


def _likely_first(mutant: Mutant, reaching: Sequence[str], reach: Reach) -> list[str]:
    """Those that share most with the change, of which a fast one comes before one that is a little likelier."""
    shared = likeness(mutant, reaching)
    return sorted(reaching, key=lambda test: -shared[test] / (reach[test].seconds + NO_TIME) ** 0.25)


def _one_of_each_file(mutant: Mutant, reaching: Sequence[str], reach: Reach) -> list[str]:
    """Those that take no time, such as the tables of cases; then a file that is named for the mutant's file.

    Of the rest each file gives its fastest test, then its second fastest, and so on.
    """
    quickest_first = sorted(reaching, key=lambda test: reach[test].seconds)
    at_once = [test for test in quickest_first if reach[test].seconds < NO_TIME]
    by_file: dict[str, list[str]] = defaultdict(list)
    for test in quickest_first[len(at_once) :]:
        by_file[test.partition("::")[0]].append(test)
    named = [tests for file, tests in by_file.items() if Path(file).stem == f"test_{Path(mutant.file).stem}"]
    others = [tests for tests in by_file.values() if tests not in named]
    return list(chain(at_once, *named, filter(None, chain(*zip_longest(*others)))))


def reaching_tests(unit: str, reach: Reach) -> list[str]:
    """The tests that reach a unit.

    What is in no function, or in one that runs at import alone, belongs to all tests that reach its module. A function
    that a trigger calls, and a module without functions, belong to all tests.
    """
    kind, _, name = unit.partition(":")
    units = {f"statement:{caller}" for caller in callers_of(name)} if kind == "function" else {unit}
    if not name:
        units = {found for reached in reach.values() for found in reached.units if found.startswith(f"{unit}:")}
    tests = [test for test, reached in reach.items() if not units or not units.isdisjoint(reached.units)]
    return tests if tests or not name or kind in ("statement", "function") else reaching_tests(kind, reach)


def up_to_date_map(*, keep: bool) -> Reach:
    """The map of tests, recorded again where code or tests have changed since.

    Args:
        keep: take the map that is there, though it may be old.

    Raises:
        SystemExit: the tests fail as they are.
    """
    if keep:
        return read_map(TESTS)
    sources = [file for folder in ("shared", "functions", "tests") for file in (ROOT / folder).rglob("*.*")]
    changed = max(file.stat().st_mtime for file in sources if file.suffix in (".py", ".sql", ".txt"))
    if not FOLDER.exists() or min((file.stat().st_mtime for file in FOLDER.glob("*.json")), default=0) < changed:
        print("Recording which test reaches what: some five minutes.", flush=True)
        shutil.rmtree(FOLDER, ignore_errors=True)
        command = [sys.executable, "-m", "pytest", "-p", "tests.mutants.record", "--numprocesses", "2"]
        if subprocess.run([*command, *TESTS], cwd=ROOT, check=False).returncode:
            sys.exit("The tests fail without any mutant.")
    return read_map(TESTS)
