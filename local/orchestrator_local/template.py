"""Reads from template.yaml what one machine needs: functions with their events and variables, and queues."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "template.yaml"


@dataclass(frozen=True, slots=True)
class EventSourceMapping:
    """A queue whose messages invoke a function.

    Attributes:
        window_seconds: for how long a batch is gathered after its first message.
    """

    queue: str
    batch_size: int
    window_seconds: int
    reports_failures: bool


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the template.

    Attributes:
        name: the name of its folder.
        variables: environment variables, before `resolve`.
        mappings: the queues whose messages invoke it.
        routes: the HTTP methods and paths that invoke it.
        each_minute: a schedule invokes it every minute.
    """

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
    """One queue of the template.

    Attributes:
        visibility_seconds: the visibility timeout.
        redrive_to: the name of its dead-letter queue, if it has one.
        receives: after this many receives a message moves to the dead-letter queue.
    """

    name: str
    visibility_seconds: int
    redrive_to: str | None
    receives: int | None


@dataclass(frozen=True, slots=True)
class Template:
    """The functions and queues of the template."""

    functions: tuple[Function, ...]
    queues: tuple[QueueResource, ...]


def read_template(file: Path = TEMPLATE) -> Template:
    """Read a template."""
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
    """The value of a variable on this machine.

    Args:
        value: the value in the template: a text, or a function of CloudFormation.
        queue_urls: the queues' URLs by their names in the template.
        parameters: values of parameters by their names in the template.

    Returns:
        The text, the queue's URL or the parameter's value; empty when this machine has none.
    """
    match value:
        case {"Ref": str(name)}:
            return queue_urls.get(name) or parameters.get(name, "")
        case {"Fn::If": [_, chosen, otherwise]}:  # each of our conditions is true when the chosen value is given
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
        batch_size=_map_value(event.get("BatchSize", 10), content),
        window_seconds=_map_value(event.get("MaximumBatchingWindowInSeconds", 0), content),
        reports_failures="ReportBatchItemFailures" in event.get("FunctionResponseTypes", []),
    )


def _map_value(value: Any, content: Mapping[str, Any]) -> Any:
    """The value of a `FindInMap` for the default of the parameter that is its key; any other value as it is."""
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
    """Loads YAML with CloudFormation's short tags, such as `!Ref`."""


def _short_tag(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    if isinstance(node, yaml.MappingNode):
        return {name: loader.construct_mapping(node, deep=True)}
    value = str(loader.construct_scalar(node))  # type: ignore[arg-type]  # not a sequence or a mapping, so a scalar
    return {name: value.split(".") if suffix == "GetAtt" else value}


_Loader.add_multi_constructor("!", _short_tag)
