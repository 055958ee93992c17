"""What one check of `orchestrator doctor` reports."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """How a check ended."""

    GOOD = "good"
    DOUBTFUL = "doubtful"  # texts go out, but an operator should look at it
    BAD = "bad"  # texts do not go out, or replies and delivery reports do not arrive
    SKIPPED = "skipped"  # not set up here, or no API shows it


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check.

    Attributes:
        what: the part that was checked, such as `database`.
        detail: what was found.
        fix: what to do about it; empty when the part is good or skipped.
    """

    what: str
    grade: Grade
    detail: str
    fix: str = ""


# A check yields one result for each part that it looks at.
Check = Callable[[], Iterator[CheckResult]]
