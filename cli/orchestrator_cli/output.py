"""Prints the result of a command: lines for people, or JSON for machines."""

from collections.abc import Mapping
from typing import Any

from rich import print as show
from rich import print_json


def print_result(facts: Mapping[str, Any], *lines: str, as_json: bool) -> None:
    """Print the result of a command.

    Args:
        facts: the result as data, which `--json` prints.
        lines: the same result for people, in Rich's markup.
        as_json: whether to print the facts instead of the lines.
    """
    if as_json:
        print_json(data=dict(facts), default=str)
        return
    for line in lines:
        show(line)
