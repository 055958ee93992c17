"""The mutation run: what it counts as noticed, and which tests it runs for a mutant."""

import importlib
import json
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

from tests.mutants.__main__ import table
from tests.mutants.forked_tests import take_up_function
from tests.mutants.likeness import likeness
from tests.mutants.mutant import ROOT, Mutant
from tests.mutants.python_code import mutants_of
from tests.mutants.record import Reached
from tests.mutants.run import Bench, Outcome, Result, choose_tests, reaching_tests
from tests.mutants.waiting import NEW_PROCESS_NEEDED, WaitingTests

FILE = "shared/orchestrator/rules/activity.py"
UNIT = "orchestrator.rules.activity:decide"


def mutant() -> Mutant:
    """The file as it is, with a line more: what becomes of it is decided by the tests of the bench."""
    original = (ROOT / FILE).read_text()
    return Mutant(FILE, UNIT, 0, original, lambda: f"{original}\nCHANGED = True\n")


@pytest.mark.parametrize(
    ("test", "body", "outcome"),
    [
        ("test_a.py::test_it", "def test_it(): assert False", Outcome.NOTICED),
        ("test_a.py::test_it", "def test_it(): pass", Outcome.NOT_NOTICED),
        ("test_a.py::test_under_its_old_name", "def test_it(): pass", Outcome.NOT_TRIED),
        ("test_moved.py::test_it", "def test_it(): pass", Outcome.NOT_TRIED),
        ("test_a.py::test_it", "import no_such_module\ndef test_it(): pass", Outcome.NOT_TRIED),
        ("test_a.py::test_it", "def test_it(): raise KeyboardInterrupt", Outcome.NOT_TRIED),
        ("test_a.py", "", Outcome.NOT_TRIED),
    ],
    ids=["fails", "passes", "renamed", "moved", "cannot be imported", "interrupted", "no test"],
)
def test_a_mutant_is_noticed_by_a_test_that_fails_alone(tmp_path: Path, test: str, body: str, outcome: Outcome) -> None:
    assert outcome_of(tmp_path, test, body) is outcome
    assert (tmp_path / FILE).read_text() == mutant().original


def test_a_mutant_is_noticed_by_a_test_that_hangs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tests.mutants.run.START_SECONDS", 3)
    body = "import time\ndef test_it(): time.sleep(60)"
    assert outcome_of(tmp_path, "test_a.py::test_it", body) is Outcome.NOTICED


def outcome_of(folder: Path, test: str, body: str) -> Outcome:
    """What a bench that has one test file makes of the mutant."""
    (folder / FILE).parent.mkdir(parents=True)
    (folder / "test_a.py").write_text(body)
    return bench(folder).try_out(mutant(), {test: Reached(0.1, frozenset({UNIT}))}, 0.1).outcome


def bench(folder: Path) -> Bench:
    """A bench whose waiting tests cannot take up the mutant."""
    return Bench(folder, "no server", WaitingTests(StringIO(), StringIO(f"{NEW_PROCESS_NEEDED}\n")))


def test_a_mutant_that_does_not_parse_is_not_drawn(tmp_path: Path) -> None:
    assert bench(tmp_path).is_valid(mutant())
    broken = Mutant(FILE, UNIT, 0, "", lambda: "if not start := find():\n    pass\n")
    assert not bench(tmp_path).is_valid(broken)


def test_a_mutant_that_no_test_reaches_is_not_noticed(tmp_path: Path) -> None:
    assert bench(tmp_path).try_out(mutant(), {}, 1).outcome is Outcome.NOT_NOTICED


def test_what_could_not_be_tried_is_shown_and_not_counted() -> None:
    outcomes = [*[Outcome.NOTICED] * 3, Outcome.NOT_NOTICED, Outcome.NOT_TRIED]
    shown = table(Result(mutant(), outcome, tests=1, reaching=2) for outcome in outcomes)
    assert shown.split("\n") == [
        "",
        "noticed",
        "rules                3 of     4    75%",
        "  rules              3 of     4    75%",
        "",
        "not noticed: 1",
        "not tried: 1",
    ]


def test_a_test_that_fails_without_a_mutant_is_in_no_map(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tests = "import pytest\n@pytest.fixture\ndef broken(): assert False\n"
    tests += "def test_good(): pass\ndef test_red(): assert False\ndef test_error(broken): pass\n"
    assert list(recorded(monkeypatch, tmp_path, tests)) == ["test_good"]


def test_what_a_file_reaches_when_it_is_imported_belongs_to_its_tests(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tests = "from orchestrator.ids import first_id_at\nfrom datetime import datetime\n"
    tests += "FIRST = first_id_at(datetime.now().astimezone())\ndef test_first(): pass\ndef test_second(): pass\n"
    assert recorded(monkeypatch, tmp_path, tests) == {
        "test_first": ["orchestrator.ids:first_id_at"],
        "test_second": ["orchestrator.ids:first_id_at"],
    }


def recorded(monkeypatch: pytest.MonkeyPatch, folder: Path, tests: str) -> dict[str, list[str]]:
    """What each of these tests reaches, as the plugin records it."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    (folder / "test_a.py").write_text(tests)
    record = f"import tests.mutants.record as r, pathlib; r.FOLDER = pathlib.Path({str(folder)!r})"
    (folder / "conftest.py").write_text(record)
    command = [sys.executable, "-m", "pytest", "-p", "tests.mutants.record", "-p", "no:cacheprovider", str(folder)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    found = json.loads((folder / "main.json").read_text())
    return {test.rpartition("::")[2]: reached["units"] for test, reached in found.items()}


def test_what_is_imported_for_the_type_checker_alone_is_not_changed() -> None:
    typed = ROOT / "shared/orchestrator/ask.py"
    assert "if TYPE_CHECKING:" in typed.read_text()
    changed = [mutant.text for mutant in mutants_of(typed)]
    assert changed
    assert all("if TYPE_CHECKING:" in text for text in changed)


def test_that_lists_are_of_one_length_is_asserted_and_not_changed() -> None:
    lists = ROOT / "shared/orchestrator/rules/answer_evidence.py"
    assert "strict=True" in lists.read_text()
    changed = [mutant.text for mutant in mutants_of(lists)]
    assert changed
    assert not [text for text in changed if "strict=False" in text]


def test_that_parameters_are_given_by_name_is_not_changed() -> None:
    file = ROOT / "shared/orchestrator/wording/facts/days.py"
    assert "*, exact: bool" in file.read_text()
    changed = [mutant.text for mutant in mutants_of(file)]
    assert changed
    assert not [text for text in changed if "/, exact: bool" in text]


def test_a_function_that_runs_at_import_alone_belongs_to_the_tests_of_its_module() -> None:
    reach = {
        "test_a": Reached(1, frozenset({"rules.prior:peak", "rules.other:peak"})),
        "test_b": Reached(1, frozenset({"rules.prior:level"})),
        "test_c": Reached(1, frozenset({"rules.other:level", "statement:settle"})),
    }
    for unit, tests in {
        "rules.prior:peak": ["test_a"],
        "rules.prior:at_import": ["test_a", "test_b"],
        "rules.prior": ["test_a", "test_b"],
        "rules.constants:at_import": ["test_a", "test_b", "test_c"],
        "statement:settle": ["test_c"],
        "statement:reserve": [],
    }.items():
        assert reaching_tests(unit, reach) == tests


def test_a_mutant_meets_tests_that_share_its_words_and_some_of_each_file() -> None:
    """`decide` of activity: a test of its file, one that takes no time, and one about something else."""
    likely, quick, other = (
        "tests/unit/test_activity.py::test_activity_decides",
        "tests/unit/test_ids.py::test_two",
        "tests/unit/test_clock.py::test_three",
    )
    reach = {test: Reached(1, frozenset({UNIT})) for test in (other, likely)}
    reach[quick] = Reached(0.001, frozenset({UNIT}))
    assert choose_tests(mutant(), list(reach), reach, 1.5) == [likely, quick]


def test_rare_words_of_a_change_find_the_test_that_is_about_it() -> None:
    """The changed line counts the replies to one text."""
    statement = "shared/orchestrator/store/sql/read_state.sql"
    text = (ROOT / statement).read_text()
    tests = [
        "tests/integration/test_deliver.py::test_a_message_arrives_once_and_everything_is_recorded",
        "tests/integration/test_replies.py::test_a_hundred_replies_to_one_text_are_five_and_the_rest_are_ordinary",
    ]
    shared = likeness(Mutant(statement, "statement:read_state", text.index("t.reply_to"), text, str), tests)
    assert shared[tests[1]] > shared[tests[0]]


@pytest.mark.parametrize(
    "name", ["plain", "cached", "block", "Thing.method", "Thing.value", "Thing.kept", "Thing.of", "Thing.at"]
)
def test_a_changed_function_is_taken_up_wherever_it_is_imported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """Each function of the module answers "before"; this one answers "after" where it was imported before the change."""
    file = tmp_path / "mutated_module.py"
    file.write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "mutated_module", raising=False)
    module = importlib.import_module("mutated_module")
    plain, cached, block, thing = module.plain, module.cached, module.block, module.Thing()
    lines = MODULE.splitlines()
    start = [number for number, line in enumerate(lines) if f"def {name.rpartition('.')[2]}(" in line][-1]
    changed = [line.replace("before", "after") if number > start else line for number, line in enumerate(lines)]
    file.write_text("\n".join([*lines[:start], *changed[start : start + 2], *lines[start + 2 :]]))
    take_up_function("mutated_module", name)
    with block() as of_block:
        answers = {
            "plain": plain(),
            "cached": cached(),
            "block": of_block,
            "Thing.method": thing.method(),
            "Thing.value": thing.value,
            "Thing.kept": thing.kept,
            "Thing.of": thing.of(),
            "Thing.at": thing.at(),
        }
    assert {which for which, answer in answers.items() if answer == "after"} == {name}


MODULE = """
from contextlib import contextmanager
from functools import cache, cached_property
from typing import overload

@overload
def plain(number: int) -> str: ...
@overload
def plain() -> str: ...
def plain(*numbers):
    return "before"

@cache
def cached():
    return "before"

@contextmanager
def block():
    yield "before"

class Thing:
    def method(self):
        return "before"

    @property
    def value(self):
        return "before"

    @cached_property
    def kept(self):
        return "before"

    @classmethod
    def of(cls):
        return "before"

    @staticmethod
    def at():
        return "before"
"""
