"""What the doctor finds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """How it is."""

    GOOD = "good"
    DOUBTFUL = "doubtful"  # it works, and somebody should look at it
    BAD = "bad"  # texts do not go out, or nobody hears of it
    SKIPPED = "skipped"  # not set up here


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; what is not good says what to do."""

    what: str
    grade: Grade
    detail: str
    fix: str = ""


# One look: as many findings as there are things to tell.
Look = Callable[[], Iterator[Finding]]


def good(what: str, detail: str) -> Finding:
    """It is as it should be."""
    return Finding(what, Grade.GOOD, detail)


def doubtful(what: str, detail: str, fix: str) -> Finding:
    """It works, and somebody should look at it."""
    return Finding(what, Grade.DOUBTFUL, detail, fix)


def bad(what: str, detail: str, fix: str) -> Finding:
    """It does not work."""
    return Finding(what, Grade.BAD, detail, fix)


def skipped(what: str, detail: str) -> Finding:
    """It is not set up here."""
    return Finding(what, Grade.SKIPPED, detail)
