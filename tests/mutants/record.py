"""A plugin of pytest that records what each test reaches: functions of Python code, and statements of SQL.

Use it as `python -m pytest -p tests.mutants.record`. It puts a probe into each function at import, which costs less than
tracing every line. The map is one JSON file for each process of the run, in the folder `.mutants`. A test that fails is
left out: it would notice every mutant.
"""

import ast
import builtins
import json
import os
import sys
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType

import pytest

from tests.mutants.mutant import ROOT, functions_of

PACKAGES = ("orchestrator", "functions")
FOLDER = ROOT / ".mutants"
_PROBE = "__reached__"


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


class ProbingLoader(SourceFileLoader):
    """Compiles a module with a probe at the start of each function."""

    def get_code(self, fullname: str) -> CodeType:
        """Compile the source; a cached one would be without probes, and this one must not be cached."""
        tree = ast.parse(self.get_data(self.path))
        for name, function in functions_of(tree):
            probe = ast.parse(f"{_PROBE}({f'{fullname}:{name}'!r})").body[0]
            has_docstring = ast.get_docstring(function, clean=False) is not None
            function.body.insert(int(has_docstring), ast.copy_location(probe, function.body[0]))
        code: CodeType = compile(ast.fix_missing_locations(tree), self.path, "exec")
        return code


class ProbingFinder(MetaPathFinder):
    """Loads the modules of our packages with probes."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module as ever, and load it with probes if it is ours."""
        if fullname.partition(".")[0] not in PACKAGES:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec and isinstance(spec.loader, SourceFileLoader):
            spec.loader = ProbingLoader(fullname, spec.loader.path)
        return spec


def pytest_load_initial_conftests() -> None:
    """Put the probes in place, before anything imports our packages."""
    setattr(builtins, _PROBE, _reached.add)
    sys.meta_path.insert(0, ProbingFinder())


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
