"""A pytest that has collected the tests, and runs some of them in a fork of itself whenever it is asked.

To import everything again takes as long as fifty tests. A mutant of a statement does not need it, and most of those of
Python code are within a function, which can be changed where it is. The side of pytest is `forked_tests`; both speak
through two pipes, a line for each request and answer.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

# The variables with the file descriptors of the pipes.
REQUESTS, ANSWERS = "MUTANTS_REQUESTS", "MUTANTS_ANSWERS"
# The answer of a process that cannot take the mutant up: code that is in no function, or that ran at import.
NEW_PROCESS_NEEDED = 100


@dataclass(frozen=True, slots=True)
class WaitingTests:
    """The side that asks."""

    requests: IO[str]
    answers: IO[str]

    @classmethod
    @contextmanager
    def started(cls, folder: Path, environment: Mapping[str, str], tests: Sequence[str]) -> Iterator["WaitingTests"]:
        """Start pytest in a folder; it ends with the block."""
        (for_pytest, requests), (answers, of_pytest) = os.pipe(), os.pipe()
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-p",
                "no:cacheprovider",
                "-p",
                "tests.mutants.forked_tests",
                *tests,
            ],
            cwd=folder,
            env={**environment, REQUESTS: str(for_pytest), ANSWERS: str(of_pytest)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(for_pytest, of_pytest),
        )
        os.close(for_pytest)
        os.close(of_pytest)
        try:
            with os.fdopen(requests, "w") as asked, os.fdopen(answers) as answered:
                yield cls(asked, answered)
        finally:
            process.wait()

    def run(self, unit: str, tests: Sequence[str], timeout: float) -> int:
        """Run tests until one fails, and return the exit code of pytest; one that does not end in time counts as failed.

        Args:
            unit: what has changed on disk, as the map of tests names it.
            tests: their ids.
            timeout: for all of them, in seconds.

        Returns:
            That code, or `NEW_PROCESS_NEEDED`.

        Raises:
            EOFError: pytest has ended, because it has not found one of these tests.
        """
        self.requests.write(json.dumps({"unit": unit, "tests": list(tests), "timeout": timeout}) + "\n")
        self.requests.flush()
        answer = self.answers.readline()
        if not answer:
            raise EOFError("pytest has not found the tests of the map: record it again, without --keep-map")
        return int(answer)
