"""The dashboard, the alarms and the runbook cover the metrics that the code records, all of them and no others."""

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from orchestrator.aws import metrics
from orchestrator.aws.metrics import Metric
from orchestrator_local.template import ROOT
from tests.infrastructure.deployed import deployed, of_type

TEMPLATE = deployed()
ALARMS = of_type(TEMPLATE, "AWS::CloudWatch::Alarm")
METRICS = {name: metric for name, metric in vars(metrics).items() if isinstance(metric, Metric)}
BY_NAME = {metric.name: metric for metric in METRICS.values()}


def dashboard() -> dict[str, Any]:
    text, _ = of_type(TEMPLATE, "AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardBody"]["Fn::Sub"]
    body: dict[str, Any] = json.loads(re.sub(r"\$\{\w+Usd\}", "1", text))
    return body


def shown() -> Iterator[tuple[str, str | None]]:
    """Our metrics on the dashboard, each with the dimension that splits it, or None."""
    for widget in dashboard()["widgets"]:
        for metric in widget["properties"].get("metrics", []):
            if isinstance(metric[0], dict):
                found = re.fullmatch(
                    r"""SEARCH\('\{"\$\{AWS::StackName\}",(\w+)\} MetricName="(\w+)"', '\w+', \d+\)""",
                    metric[0]["expression"],
                )
                assert found, metric
                yield found[2], found[1]
            elif metric[0] == "${AWS::StackName}":
                yield metric[1], None


def alarmed() -> Iterator[str]:
    """Our metrics that alarms watch."""
    for alarm in ALARMS.values():
        stats = [alarm, *(part["MetricStat"]["Metric"] for part in alarm.get("Metrics", []) if "MetricStat" in part)]
        for metric in stats:
            if metric.get("Namespace") == {"Ref": "AWS::StackName"}:
                assert "Dimensions" not in metric, "an alarm watches a metric without dimensions"
                yield metric["MetricName"]


def recorded() -> set[str]:
    """The metrics that the code records, by their names in `metrics`."""
    names: set[str] = set()
    for file in [*(ROOT / "functions").glob("*/app.py"), *(ROOT / "shared" / "orchestrator").rglob("*.py")]:
        for call in ast.walk(ast.parse(file.read_text())):
            if isinstance(call, ast.Call) and ast.unparse(call.func) in ("publish_as", "publish_metric"):
                given = [ast.unparse(node) for argument in (*call.args, *call.keywords) for node in ast.walk(argument)]
                names |= {text.removeprefix("metrics.") for text in given} & METRICS.keys()
    return names


def test_every_metric_on_the_dashboard_is_ours_and_is_split_as_the_code_records_it() -> None:
    assert [(name, by) for name, by in shown() if name not in BY_NAME or by not in (None, BY_NAME[name].by)] == []


def test_every_metric_is_recorded_and_shown() -> None:
    assert recorded() == METRICS.keys()
    assert BY_NAME.keys() - {name for name, _ in shown()} == set()


def test_every_alarm_watches_our_metrics_or_those_of_aws() -> None:
    names = list(alarmed())
    assert len(names) >= 11
    assert set(names) <= BY_NAME.keys()


@pytest.mark.parametrize("kind", ["ErrorsAlarm", "DeadLettersAlarm"])
def test_alarms_of_one_kind_differ_only_in_what_they_watch(kind: str) -> None:
    watched = {name: name.removesuffix(kind) for name in ALARMS if name.endswith(kind)}
    assert len(watched) >= 4
    patterns = {
        json.dumps(ALARMS[name]).replace(word, "Watched").replace(word.lower(), "watched")
        for name, word in watched.items()
    }
    assert len(patterns) == 1, patterns


def headings() -> set[str]:
    text = (ROOT / "docs" / "runbook.md").read_text()
    return {heading.lower() for heading in re.findall(r"^## (.+)$", text, re.MULTILINE)}


@pytest.mark.parametrize("name", ALARMS)
def test_every_alarm_names_its_entry_in_the_runbook(name: str) -> None:
    alarm = ALARMS[name]
    entry = re.search(r"Runbook - (.+)\.$", alarm["AlarmDescription"])
    assert entry, alarm["AlarmDescription"]
    assert entry[1].lower() in headings()
    assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "AlarmTopic"}]


def test_every_entry_of_the_runbook_has_an_alarm() -> None:
    named = {alarm["AlarmDescription"].partition("Runbook - ")[2].rstrip(".").lower() for alarm in ALARMS.values()}
    assert headings() - named <= {"how to look", "a deploy that fails"}


def test_the_widgets_of_the_dashboard_fill_its_width_and_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for widget in dashboard()["widgets"]:
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & taken
        taken |= cells
    assert max(x for x, _ in taken) == 23
