"""A pytest that has collected the tests, and runs some of them in a fork of itself whenever it is asked.

A mutant of a statement leaves Python code as it is: nothing has to be imported again, which would take as long as fifty
tests. The side of pytest is `forked_tests`; both speak through two pipes, a line for each request and answer.
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

    def run(self, statement: str, tests: Sequence[str], timeout: float) -> int:
        """Run tests until one fails, and return the exit code of pytest; one that does not end in time counts as failed.

        Raises:
            EOFError: pytest has ended, because it has not found one of these tests.
        """
        self.requests.write(json.dumps({"statement": statement, "tests": list(tests), "timeout": timeout}) + "\n")
        self.requests.flush()
        answer = self.answers.readline()
        if not answer:
            raise EOFError("pytest has not found the tests of the map: record it again, without --keep-map")
        return int(answer)
