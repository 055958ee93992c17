"""docs/costs.md: its numbers are those of template.yaml and of an idle tick, and its sums are right."""

import json
import re
from typing import Any

import pytest

from orchestrator.aws.secrets import FRESH_SECONDS
from orchestrator_local.template import ROOT
from tests.infrastructure.deployed import deployed, of_type
from tests.infrastructure.test_observability import BY_NAME, dashboard
from tests.world import World

HOURS = 730
TEMPLATE = deployed({"AlarmEmail": "oncall@example.com"})
PAGE = (ROOT / "docs" / "costs.md").read_text()
FUNCTIONS = of_type(TEMPLATE, "AWS::Lambda::Function")
ALARMS = of_type(TEMPLATE, "AWS::CloudWatch::Alarm")
VERSIONS = {name for name, resource in TEMPLATE["Resources"].items() if resource["Type"] == "AWS::Lambda::Version"}


def cells(line: str) -> list[str]:
    return [cell.strip().strip("*") for cell in line.strip("|").split("|")]


def idle_month() -> dict[str, tuple[float, ...]]:
    """The rows of the page's first table: number, price, a month, beyond what is free."""
    table = PAGE.partition("## The idle month")[2].partition("\n- ")[0]
    rows = [cells(line) for line in table.splitlines() if line.startswith("| ") and not line.startswith("| what")]
    return {name: tuple(float(value or 0) for value in values[:4]) for name, *values in rows}


ROWS = idle_month()


def watched_metrics() -> int:
    return sum(
        sum("MetricStat" in part for part in alarm.get("Metrics", [{"MetricStat": 1}])) for alarm in ALARMS.values()
    )


def ready_gigabytes() -> float:
    """The memory of the functions that SnapStart keeps ready, one version each."""
    return float(sum(function["MemorySize"] for function in FUNCTIONS.values() if "SnapStart" in function)) / 1024


def secrets() -> int:
    """The secrets that the functions read by their names, where no parameter names another."""
    variables = json.dumps([function["Environment"]["Variables"] for function in FUNCTIONS.values()])
    return len(set(re.findall(r"secret:\$\{AWS::StackName\}/(\w+)", variables)))


def ticks() -> float:
    """The invocations by schedules in a month, in millions."""
    schedules = [schedule["ScheduleExpression"] for schedule in of_type(TEMPLATE, "AWS::Scheduler::Schedule").values()]
    a_month = {"rate(1 minute)": HOURS * 60}
    return sum(a_month.get(schedule, HOURS / 24) for schedule in schedules) / 1e6


POLLS_A_MINUTE = 15
COUNTED = {
    "metrics that alarms watch": watched_metrics(),
    "dashboards": len(of_type(TEMPLATE, "AWS::CloudWatch::Dashboard")),
    "secrets": secrets(),
    "reads of secrets, in ten thousands": 2 * HOURS * 3600 / FRESH_SECONDS / 10_000,
    "KMS keys": len(of_type(TEMPLATE, "AWS::KMS::Key")),
    "snapshots for SnapStart, in GB": ready_gigabytes(),
    "Lambda requests, in millions": ticks(),
    "Lambda time, in thousands of GB-seconds": ticks()
    * 1e6
    * 0.1
    * FUNCTIONS["DispatchFunction"]["MemorySize"]
    / 1024
    / 1e3,
    "SQS requests, in millions": len(of_type(TEMPLATE, "AWS::Lambda::EventSourceMapping"))
    * POLLS_A_MINUTE
    * HOURS
    * 60
    / 1e6,
    "scheduled invocations, in millions": ticks(),
    "traces, in millions": ticks(),
}


@pytest.mark.parametrize("name", COUNTED)
def test_the_page_counts_what_the_template_has(name: str) -> None:
    assert ROWS[name][0] == pytest.approx(COUNTED[name], rel=0.005)


def test_an_idle_tick_publishes_the_metrics_that_the_page_counts(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    world.dispatch()
    published = {
        (metric["Name"], tuple(line[dimension] for dimension in dimensions))
        for line in metric_lines(capsys.readouterr().out)
        for directive in line["_aws"]["CloudWatchMetrics"]
        for dimensions in directive["Dimensions"]
        for metric in directive["Metrics"]
    }
    world.night()
    assert metric_lines(capsys.readouterr().out) == []
    assert len(published) == ROWS["custom metrics"][0]


def metric_lines(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines() if '"_aws"' in line]


@pytest.mark.parametrize("name", [name for name in ROWS if name != "sum"])
def test_a_row_is_its_number_times_its_price(name: str) -> None:
    number, price, a_month, beyond_free = ROWS[name]
    assert a_month == pytest.approx(number * price, abs=0.006)
    assert beyond_free <= a_month


def test_the_sums_are_those_of_the_rows() -> None:
    for column in (2, 3):
        assert ROWS["sum"][column] == pytest.approx(sum(row[column] for name, row in ROWS.items() if name != "sum"))


def test_the_words_beside_the_table_agree_with_it() -> None:
    alarms, snapshot_functions = len(ALARMS), sum("SnapStart" in function for function in FUNCTIONS.values())
    assert f"{alarms} alarms watch {watched_metrics()} metrics" in PAGE
    assert snapshot_functions == 5
    assert f"Five functions with {ready_gigabytes() * 1024:,.0f} MB" in PAGE
    assert f"The code knows\n  {len(BY_NAME)}" in PAGE
    assert len(of_type(TEMPLATE, "AWS::Logs::LogGroup")) == 10
    assert "Ten log groups" in PAGE
    assert len(of_type(TEMPLATE, "AWS::Scheduler::Schedule")) == 3
    assert "**Schedules.** Three" in PAGE
    assert sum(len(widget["properties"].get("metrics", [])) for widget in dashboard()["widgets"]) > 50


def test_a_deploy_deletes_the_versions_of_the_deploy_before_it() -> None:
    assert VERSIONS
    assert {TEMPLATE["Resources"][name].get("DeletionPolicy") for name in VERSIONS} == {"Delete"}


def test_two_stacks_of_one_account_have_schedules_of_their_own() -> None:
    names = [str(schedule["Name"]) for schedule in of_type(TEMPLATE, "AWS::Scheduler::Schedule").values()]
    assert [name for name in names if "${AWS::StackName}-" not in name] == []
