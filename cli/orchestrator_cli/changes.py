"""Compares what an operator changes: old → new."""

from collections.abc import Mapping
from typing import Any

from orchestrator_cli.person_facts import show_fact


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The values that differ, by name: the old one and the new one.

    Example:
        >>> changes_between({"daily_limit": 10, "zone": None}, {"daily_limit": 3, "zone": None})
        {'daily_limit': [10, 3]}
    """
    return {name: [before.get(name), value] for name, value in after.items() if before.get(name) != value}


def describe_changes(changes: Mapping[str, list[Any]]) -> str:
    """Changes in one line, such as `daily limit 10 → 3`; `no change` where there is none."""
    words = (f"{name.replace('_', ' ')} {show_fact(old)} → {show_fact(new)}" for name, (old, new) in changes.items())
    return ", ".join(words) or "no change"


def describe_values(values: Mapping[str, Any]) -> str:
    """Values in one line, such as `daily limit 3, zone America/New_York`."""
    return ", ".join(f"{name.replace('_', ' ')} {show_fact(value)}" for name, value in values.items())


# The record of actions outlives a person's data, so it names of these only that they changed.
_PERSONAL = ("phone_number", "first_name", "external_id")


def change_to_record(changes: Mapping[str, list[Any]]) -> dict[str, Any]:
    """Changes as they are recorded: without numbers and names of people."""
    return {name: "changed" if name in _PERSONAL else values for name, values in changes.items()}
