"""`orchestrator law`: what holds in a place, and which rows are old."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from typer.testing import CliRunner, Result

from orchestrator.clock import write_clock_file
from orchestrator.errors import OrchestratorError, SettingsError
from orchestrator_cli.check_results import Grade
from orchestrator_cli.law import check_law
from orchestrator_cli.main import app

OWN = """
[[hours]]
places = ["FL"]
purposes = ["marketing"]
every_day = "10:00-18:00"
source = "our counsel"
checked = 2020-01-01
primary = false
"""


def law(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["law", *arguments], env={"COLUMNS": "200"})


def test_show_prints_each_row_of_a_place_with_its_source() -> None:
    found = law("show", "fl")
    assert found.exit_code == 0
    for words in ("Florida", "08:00-20:00", "at most 3 in 24 hours", "47 CFR 64.1200(c)(1)", "2026-11-25"):
        assert words in found.stdout, words


def test_a_place_is_named_by_its_code_or_its_name_in_any_case() -> None:
    shown = [law("show", name, "--json").stdout for name in ("QC", " qc", "Quebec", "quebec")]
    assert len(set(shown)) == 1


def test_show_as_json_holds_the_same() -> None:
    facts = json.loads(law("show", "AL", "--json").stdout)
    assert [row["hours"] for row in facts["hours"]] == ["08:00-21:00", "08:00-20:00; sunday none; holidays none"]
    assert "Thu 26 Nov" in facts["holidays_this_year"] or len(facts["holidays_this_year"]) > 10


def test_show_without_a_place_lists_all() -> None:
    assert len(json.loads(law("show", "--json").stdout)) == 69
    assert "Quebec" in law("show").stdout


def test_a_place_that_does_not_exist_is_a_clear_error() -> None:
    error = law("show", "XX").exception
    assert isinstance(error, OrchestratorError)
    assert "'XX' is no place of the law" in str(error)


@pytest.mark.parametrize(("today", "exit_code", "old"), [("2026-12-01", 0, 0), ("2027-11-26", 1, 30)])
def test_check_warns_of_rows_older_than_a_year(today: str, exit_code: int, old: int) -> None:
    with time_machine.travel(today, tick=False):
        found = law("check", "--json")
    assert found.exit_code == exit_code
    assert len(json.loads(found.stdout)["old"]) == old


def test_check_and_show_read_an_owners_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own.toml").write_text(OWN)
    monkeypatch.setenv("LAW_FILE", str(tmp_path / "own.toml"))
    assert "10:00-18:00" in law("show", "FL").stdout
    with time_machine.travel("2026-12-01", tick=False):
        assert "Florida, hours: last checked 2020-01-01, at our counsel." in law("check").stderr
    (tmp_path / "other.toml").write_text("[[hour]]\n")
    monkeypatch.setenv("LAW_FILE", str(tmp_path / "other.toml"))
    assert isinstance(law("check").exception, SettingsError)
    (result,) = check_law()
    assert (result.grade, result.detail) == (
        Grade.BAD,
        "LAW_FILE: hour is no kind of row; known are hours, caps, holidays and places.",
    )


def test_doctor_reports_old_rows() -> None:
    with time_machine.travel("2027-11-26", tick=False):
        assert [(result.grade, result.detail) for result in check_law()] == [
            (Grade.DOUBTFUL, "30 rows of the law, 30 of them not checked within a year")
        ]
    with time_machine.travel("2026-12-01", tick=False):
        assert [result.grade for result in check_law()] == [Grade.GOOD]


@pytest.mark.parametrize(("now", "exit_code", "future"), [("2026-11-24T10:00Z", 0, 0), ("2026-11-24T09:00Z", 1, 30)])
def test_a_day_that_has_begun_nowhere_is_doubtful_by_the_real_clock(
    now: str, exit_code: int, future: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The local stack's clock, which is moved, makes no day of it.
    write_clock_file(tmp_path / "clock", datetime(2027, 10, 1, tzinfo=UTC))
    monkeypatch.setenv("ORCHESTRATOR_CLOCK_FILE", str(tmp_path / "clock"))
    with time_machine.travel(now, tick=False):
        found = law("check", "--json")
        shown = law("check").stderr
        (result,) = check_law()
    assert (found.exit_code, len(json.loads(found.stdout)["future"])) == (exit_code, future)
    assert ("which is in the future" in shown) == bool(future)
    assert result.grade is (Grade.DOUBTFUL if future else Grade.GOOD)


@pytest.mark.parametrize("content", ["", "# nothing yet", "hours = []"])
def test_an_owners_file_without_a_row_is_doubtful(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.toml").write_text(content)
    monkeypatch.setenv("LAW_FILE", str(tmp_path / "own.toml"))
    with time_machine.travel("2026-12-01", tick=False):
        found = law("check", "--json")
        assert (found.exit_code, json.loads(found.stdout)["own_file_is_empty"]) == (1, True)
        assert "holds no row" in law("check").stderr
        assert [result.grade for result in check_law()] == [Grade.GOOD, Grade.DOUBTFUL]
        (tmp_path / "own.toml").write_text(OWN.replace("2020", "2026"))
        assert law("check", "--json").exit_code == 0
