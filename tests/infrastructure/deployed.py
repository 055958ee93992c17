"""The template after SAM's transform, as CloudFormation receives it, with its conditions evaluated."""

import json
import logging
import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from orchestrator_local.template import TEMPLATE

# The template to test. CI names the one that `sam build` wrote.
FILE = Path(os.environ.get("TEST_TEMPLATE", TEMPLATE))
PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "123456789012",
    "AWS::StackName": "orchestrator",
    "AWS::URLSuffix": "amazonaws.com",
}
_NO_VALUE = object()


class _NoManagedPolicies:
    def load(self) -> dict[str, str]:
        return {}


def deployed(parameters: Mapping[str, str] | None = None, uploads: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The template after SAM's transform, with its conditions evaluated.

    Args:
        parameters: values of parameters; the others have their defaults.
        uploads: addresses of uploaded code by resource; the others have addresses made from their names.
    """
    # The caller may change its own copy.
    result: dict[str, Any] = json.loads(
        _transformed(*(tuple((given or {}).items()) for given in (parameters, uploads)))
    )
    return result


@cache
def _transformed(parameters: tuple[tuple[str, str], ...], uploads: tuple[tuple[str, str], ...]) -> str:
    """The template in JSON; SAM's transform takes a quarter of a second."""
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    template = yaml_parse(FILE.read_text())
    for name, resource in template["Resources"].items():
        for key in ("CodeUri", "ContentUri"):
            if key in resource.get("Properties", {}):
                resource["Properties"][key] = dict(uploads).get(name, f"s3://uploads/{name}")
    defaults = {name: str(parameter.get("Default", "")) for name, parameter in template["Parameters"].items()}
    values = {**defaults, **dict(parameters)}
    result: dict[str, Any] = json.loads(json.dumps(transform(template, values, _NoManagedPolicies())))
    conditions = result.pop("Conditions", {})
    truths = {name: _is_true(condition, conditions, values) for name, condition in conditions.items()}
    result["Resources"] = {
        name: _evaluate(resource, truths)
        for name, resource in result["Resources"].items()
        if truths.get(resource.get("Condition", ""), True)
    }
    result["Outputs"] = {
        name: _evaluate(output, truths)
        for name, output in result["Outputs"].items()
        if truths.get(output.get("Condition", ""), True)
    }
    return json.dumps(result)


def of_type(template: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The properties of all resources of one type, by the resources' names."""
    return {
        name: resource.get("Properties", {})
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def names_in(value: Any) -> Iterator[str]:
    """The names of the resources that a value refers to."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            yield name
        case {"Fn::Sub": str(text)}:
            yield from (found.partition(".")[0] for found in re.findall(r"\$\{([^}]+)\}", text))
        case {"Fn::Sub": [str(text), dict(variables)]}:
            yield from (name for name in names_in({"Fn::Sub": text}) if name not in variables)
            yield from names_in(variables)
        case dict():
            for inner in value.values():
                yield from names_in(inner)
        case list():
            for inner in value:
                yield from names_in(inner)


def _is_true(condition: Any, conditions: Mapping[str, Any], parameters: Mapping[str, str]) -> bool:
    match condition:
        case {"Fn::Not": [inner]}:
            return not _is_true(inner, conditions, parameters)
        case {"Fn::Equals": [left, right]}:
            return _value(left, parameters) == _value(right, parameters)
        case {"Condition": str(name)}:
            return _is_true(conditions[name], conditions, parameters)
    raise ValueError(f"This condition is not supported: {condition}")


def _value(value: Any, parameters: Mapping[str, str]) -> str:
    match value:
        case {"Ref": str(name)}:
            return parameters[name]
        case {"Fn::Join": ["", inner]}:
            return _value(inner, parameters)
    return str(value)


def _evaluate(value: Any, truths: Mapping[str, bool]) -> Any:
    match value:
        case {"Fn::If": [str(condition), chosen, otherwise]}:
            return _evaluate(chosen if truths[condition] else otherwise, truths)
        case {"Ref": "AWS::NoValue"}:
            return _NO_VALUE
        case dict():
            evaluated = {
                name: _evaluate(inner, truths)
                for name, inner in value.items()
                if name != "Condition" or not isinstance(inner, str)  # in a policy statement it is a mapping
            }
            return {name: inner for name, inner in evaluated.items() if inner is not _NO_VALUE}
        case list():
            return [inner for inner in (_evaluate(one, truths) for one in value) if inner is not _NO_VALUE]
    return value
