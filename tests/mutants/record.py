"""A plugin of pytest that records what each test reaches: functions of Python code, and statements of SQL.

Use it as `python -m pytest -p tests.mutants.record`. The map is one JSON file for each process of the run, in the folder
`.mutants`. A test that fails is left out: it would notice every mutant.
"""

import json
import os
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass

import pytest

from tests.mutants.mutant import ROOT
from tests.mutants.probes import put_in_place

FOLDER = ROOT / ".mutants"


@dataclass(frozen=True, slots=True)
class Reached:
    """What one test reaches, and how many seconds it takes."""

    seconds: float
    units: frozenset[str]


# What each test reaches, by its id.
Reach = Mapping[str, Reached]
_reached: set[str] = set()
_tests: dict[str, dict[str, object]] = {}
# What each file reaches when it is imported, such as a table that its tests share: it belongs to all its tests.
_files: dict[str, frozenset[str]] = {}
_failed: set[str] = set()


def pytest_load_initial_conftests() -> None:
    """Put the probes in place, before anything imports our packages."""
    put_in_place(_reached)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Note what a file reaches when it is imported."""
    _reached.clear()
    report = yield
    if isinstance(collector, pytest.Module):
        _files[collector.nodeid] = frozenset(_reached)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Note what one test reaches, with its fixtures, and how long it takes."""
    from tests.executed_statements import executed

    _reached.clear()
    executed_before = executed.copy()
    executed.clear()
    started = time.perf_counter()
    result = yield
    of_file = _files.get(item.nodeid.partition("::")[0], frozenset())
    units = {*_reached, *of_file, *(f"statement:{name}" for name in executed)}
    _tests[item.nodeid] = {"seconds": round(time.perf_counter() - started, 3), "units": sorted(units)}
    executed.update(executed_before)
    return result


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note which tests fail."""
    if report.failed:
        _failed.add(report.nodeid)


def pytest_sessionfinish() -> None:
    """Write what this process recorded."""
    for test in _failed:
        _tests.pop(test, None)
    if _tests:
        FOLDER.mkdir(exist_ok=True)
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        (FOLDER / f"{worker}.json").write_text(json.dumps(_tests))


def read_map(folders: tuple[str, ...]) -> Reach:
    """Read what the last run recorded of the tests in these folders."""
    return {
        test: Reached(found["seconds"], frozenset(found["units"]))
        for file in FOLDER.glob("*.json")
        for test, found in json.loads(file.read_text()).items()
        if test.startswith(folders)
    }
