"""Describes the machine that was measured, so that figures can be compared with those of similar machines."""

import os
import platform
from pathlib import Path

import psycopg


def describe_machine(database_url: str) -> dict[str, str]:
    """What limits the figures: cores, processor, memory, and the versions of Postgres and Python."""
    with psycopg.connect(database_url) as connection:
        (version,) = connection.execute("SHOW server_version").fetchone() or ("?",)
    memory = int(_value("/proc/meminfo", "MemTotal").split()[0]) / 1024 / 1024
    return {
        "cores": str(os.cpu_count()),
        "processor": _value("/proc/cpuinfo", "model name") or platform.machine(),
        "memory": f"{memory:.0f} GiB",
        "postgres": version,
        "python": platform.python_version(),
    }


def _value(file: str, name: str) -> str:
    for line in Path(file).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""
