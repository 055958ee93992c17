"""The template as CloudFormation gets it: SAM's own transform, with conditions decided for a set of parameters."""

import json
import logging
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from orchestrator_local.template import TEMPLATE

# The template to look at: the one of `sam build` where CI names it.
FILE = Path(os.environ.get("TEST_TEMPLATE", TEMPLATE))
PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "123456789012",
    "AWS::StackName": "orchestrator",
    "AWS::URLSuffix": "amazonaws.com",
}
_NOTHING = object()


class _NoManagedPolicies:
    def load(self) -> dict[str, str]:
        return {}


def deployed(parameters: Mapping[str, str] | None = None, uploads: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The template after SAM's transform, with its conditions decided.

    Args:
        parameters: what differs from the defaults.
        uploads: where a resource's code was uploaded; what does not matter is left out.
    """
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    template = yaml_parse(FILE.read_text())
    for name, resource in template["Resources"].items():
        for key in ("CodeUri", "ContentUri"):
            if key in resource.get("Properties", {}):
                resource["Properties"][key] = (uploads or {}).get(name, f"s3://uploads/{name}")
    defaults = {name: str(parameter.get("Default", "")) for name, parameter in template["Parameters"].items()}
    given = {**defaults, **(parameters or {})}
    done: dict[str, Any] = json.loads(json.dumps(transform(template, given, _NoManagedPolicies())))
    conditions = done.pop("Conditions", {})
    truths = {name: _is_true(condition, conditions, given) for name, condition in conditions.items()}
    done["Resources"] = {
        name: _decided(resource, truths)
        for name, resource in done["Resources"].items()
        if truths.get(resource.get("Condition", ""), True)
    }
    done["Outputs"] = {
        name: _decided(output, truths)
        for name, output in done["Outputs"].items()
        if truths.get(output.get("Condition", ""), True)
    }
    return done


def of_type(template: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The properties of all resources of one type, by name."""
    return {
        name: resource.get("Properties", {})
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def names_in(value: Any) -> Iterator[str]:
    """The resources that a value refers to."""
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
    raise ValueError(f"A condition of another kind: {condition}")


def _value(value: Any, parameters: Mapping[str, str]) -> str:
    match value:
        case {"Ref": str(name)}:
            return parameters[name]
        case {"Fn::Join": ["", inner]}:
            return _value(inner, parameters)
    return str(value)


def _decided(value: Any, truths: Mapping[str, bool]) -> Any:
    match value:
        case {"Fn::If": [str(condition), chosen, otherwise]}:
            return _decided(chosen if truths[condition] else otherwise, truths)
        case {"Ref": "AWS::NoValue"}:
            return _NOTHING
        case dict():
            decided = {
                name: _decided(inner, truths)
                for name, inner in value.items()
                if name != "Condition" or not isinstance(inner, str)  # a policy statement has one of its own
            }
            return {name: inner for name, inner in decided.items() if inner is not _NOTHING}
        case list():
            return [inner for inner in (_decided(one, truths) for one in value) if inner is not _NOTHING]
    return value
