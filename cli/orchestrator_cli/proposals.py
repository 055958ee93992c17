"""What an operator may do: what it will change, in words, and how to do it; for the command line and the console."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from orchestrator_cli.output import confirm, print_result


class ActionResult(NamedTuple):
    """What an action did: as data, and in lines for people, each plain or styled."""

    facts: Mapping[str, Any]
    lines: Sequence[object]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change that an operator has not answered yet.

    Attributes:
        question: what it will change.
        apply: makes the change, and records it with the operator's name and this reason.
    """

    question: str
    apply: Callable[[str | None], ActionResult]


def carry_out(proposal: Proposal, reason: str | None, *, yes: bool, as_json: bool) -> None:
    """Ask the question, make the change, and print the result."""
    confirm(proposal.question, yes=yes)
    facts, lines = proposal.apply(reason)
    print_result(facts, *lines, as_json=as_json)
