"""Measures what a function costs before its first event: seconds to import it, and memory."""

import subprocess
import sys
from dataclasses import dataclass
from statistics import median

from bench.processes import ROOT, function_environment

FUNCTIONS = ("enqueue", "dispatch", "deliver", "webhook", "inbound", "retain", "learn", "query", "migrate")
_MEASURE = (
    "import sys, time; started = time.perf_counter(); import functions.{name}.app;"
    " seconds = time.perf_counter() - started;"
    " memory = open('/proc/self/status').read().partition('VmHWM:')[2].split()[0];"
    " print(seconds, int(memory) / 1024, file=sys.stderr)"
)


@dataclass(frozen=True, slots=True)
class ImportCost:
    """What importing one function costs: seconds, and the process's peak memory in MB."""

    seconds: float
    memory_mb: float


def measure_imports(rounds: int) -> dict[str, ImportCost]:
    """Import each function in a new process, after one round that warms the file cache; returns medians by function."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in FUNCTIONS}
    for _ in range(rounds + 1):
        for name in FUNCTIONS:
            done = subprocess.run(
                [sys.executable, "-c", _MEASURE.format(name=name)],
                env=function_environment("postgresql://127.0.0.1:1/none"),
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=True,
            )
            seconds, memory = done.stderr.split()[-2:]
            found[name].append((float(seconds), float(memory)))
    return {
        name: ImportCost(median(seconds for seconds, _ in costs[1:]), median(memory for _, memory in costs[1:]))
        for name, costs in found.items()
    }
