"""What a function costs before its first event: seconds to import, and memory."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.database import environment

FUNCTIONS = ("enqueue", "dispatch", "deliver", "webhook", "inbound", "retain", "migrate")
_MEASURE = (
    "import sys, time; started = time.perf_counter(); import functions.{name}.app; seconds = time.perf_counter() - started;"
    " memory = open('/proc/self/status').read().partition('VmHWM:')[2].split()[0];"
    " print(seconds, int(memory) / 1024, file=sys.stderr)"
)


@dataclass(frozen=True, slots=True)
class Import:
    """Seconds and MB."""

    seconds: float
    memory_mb: float


def imports(rounds: int) -> dict[str, Import]:
    """Import each function in a fresh process, warm files."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in FUNCTIONS}
    for _ in range(rounds + 1):
        for name in FUNCTIONS:
            done = subprocess.run(
                [sys.executable, "-c", _MEASURE.format(name=name)],
                env=environment("postgresql://127.0.0.1:1/none"),
                cwd=Path(__file__).parents[1],
                capture_output=True,
                text=True,
                check=True,
            )
            seconds, memory = done.stderr.split()[-2:]
            found[name].append((float(seconds), float(memory)))
    # The first round warmed the files.
    return {name: Import(median(s for s, _ in v[1:]), median(m for _, m in v[1:])) for name, v in found.items()}
