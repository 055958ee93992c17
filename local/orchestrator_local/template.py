"""Reads template.yaml as far as one machine needs it: functions, their events, queues and variables."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "template.yaml"


@dataclass(frozen=True, slots=True)
class EventSourceMapping:
    """A queue whose messages invoke a function."""

    queue: str
    batch_size: int
    reports_failures: bool


@dataclass(frozen=True, slots=True)
class Function:
    """One function as the template wires it; its routes are methods and paths."""

    name: str
    folder: Path
    handler: str
    timeout_seconds: int
    memory_mb: int
    variables: Mapping[str, Any]
    mappings: tuple[EventSourceMapping, ...]
    routes: tuple[tuple[str, str], ...]
    each_minute: bool


@dataclass(frozen=True, slots=True)
class QueueResource:
    """One queue; `redrive_to` is its dead-letter queue, if it has one."""

    name: str
    visibility_seconds: int
    redrive_to: str | None
    receives: int | None


@dataclass(frozen=True, slots=True)
class Template:
    """What the template declares."""

    functions: tuple[Function, ...]
    queues: tuple[QueueResource, ...]


def read_template(file: Path = TEMPLATE) -> Template:
    """Read the template."""
    content = yaml.load(file.read_text(), Loader=_Loader)  # noqa: S506  (a SafeLoader that knows CloudFormation's tags)
    resources: dict[str, Any] = content["Resources"]
    defaults = content["Globals"]["Function"]
    return Template(
        functions=tuple(_function(r, defaults, content) for r in _of_type(resources, "AWS::Serverless::Function")),
        queues=tuple(
            _queue(name, r.get("Properties", {})) for name, r in resources.items() if r["Type"] == "AWS::SQS::Queue"
        ),
    )


def resolve(value: Any, queue_urls: Mapping[str, str], parameters: Mapping[str, str]) -> str:
    """What a variable's value is on this machine: a text, a queue's URL, or a parameter."""
    match value:
        case {"Ref": str(name)}:
            return queue_urls.get(name) or parameters.get(name, "")
        case {"Fn::If": [_, chosen, otherwise]}:  # our conditions ask whether the chosen one is given
            return resolve(chosen, queue_urls, parameters) or resolve(otherwise, queue_urls, parameters)
        case dict():
            return ""
    return str(value)


def _of_type(resources: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    return [resource["Properties"] for resource in resources.values() if resource["Type"] == kind]


def _function(properties: Mapping[str, Any], defaults: Mapping[str, Any], content: Mapping[str, Any]) -> Function:
    events = [(event["Type"], event["Properties"]) for event in properties.get("Events", {}).values()]
    folder = ROOT / properties["CodeUri"]
    return Function(
        name=folder.name,
        folder=folder,
        handler=properties.get("Handler", defaults.get("Handler")),
        timeout_seconds=properties.get("Timeout", defaults.get("Timeout")),
        memory_mb=properties.get("MemorySize", defaults.get("MemorySize")),
        variables={
            **defaults.get("Environment", {}).get("Variables", {}),
            **properties.get("Environment", {}).get("Variables", {}),
        },
        mappings=tuple(_mapping(event, content) for kind, event in events if kind == "SQS"),
        routes=tuple((event["Method"].upper(), event["Path"]) for kind, event in events if kind == "HttpApi"),
        each_minute=any(
            kind == "ScheduleV2" and event["ScheduleExpression"] == "rate(1 minute)" for kind, event in events
        ),
    )


def _mapping(event: Mapping[str, Any], content: Mapping[str, Any]) -> EventSourceMapping:
    return EventSourceMapping(
        queue=event["Queue"]["Fn::GetAtt"][0],
        batch_size=_looked_up(event.get("BatchSize", 10), content),
        reports_failures="ReportBatchItemFailures" in event.get("FunctionResponseTypes", []),
    )


def _looked_up(value: Any, content: Mapping[str, Any]) -> Any:
    """What a map of the template says for the default of the parameter that chooses in it."""
    match value:
        case {"Fn::FindInMap": [str(name), {"Ref": str(parameter)}, str(key)]}:
            return content["Mappings"][name][content["Parameters"][parameter]["Default"]][key]
    return value


def _queue(name: str, properties: Mapping[str, Any]) -> QueueResource:
    redrive = properties.get("RedrivePolicy", {})
    return QueueResource(
        name=name,
        visibility_seconds=properties.get("VisibilityTimeout", 30),
        redrive_to=redrive["deadLetterTargetArn"]["Fn::GetAtt"][0] if redrive else None,
        receives=redrive.get("maxReceiveCount"),
    )


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags."""


def _short_tag(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    if isinstance(node, yaml.MappingNode):
        return {name: loader.construct_mapping(node, deep=True)}
    value = str(loader.construct_scalar(node))  # type: ignore[arg-type]  # neither of the two above: a scalar
    return {name: value.split(".") if suffix == "GetAtt" else value}


_Loader.add_multi_constructor("!", _short_tag)
