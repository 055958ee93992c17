"""Runs other job queues in the fastest configuration that they document; `.bench` has them, the project does not."""

import shutil
import subprocess
import sys
from pathlib import Path

from bench.processes import ROOT, Beside, inherited_environment, start_process, time_processes

FOLDER = ROOT / ".bench"
NODE_PACKAGES = ("graphile-worker@0.18.0", "pg-boss@12.38.0", "pg@8")
PYTHON_PACKAGES = ("procrastinate[psycopg]==3.10.0", "psycopg[binary]", "pgqueuer==1.6.0", "asyncpg==0.32.0")


class PeersUnavailable(Exception):
    """Node or npm is missing, or a package cannot be installed; then our own functions are measured alone."""


def install() -> None:
    """Install the peers into `.bench`, unless they are there.

    Raises:
        PeersUnavailable: that is not possible on this machine.
    """
    marker = FOLDER / " ".join((*NODE_PACKAGES, *PYTHON_PACKAGES)).replace("/", "_")
    if marker.exists():
        return
    if not shutil.which("npm"):
        raise PeersUnavailable("npm is not installed")
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    try:
        _run([sys.executable, "-m", "venv", str(FOLDER / "python")])
        _run([str(FOLDER / "python" / "bin" / "pip"), "install", "--quiet", *PYTHON_PACKAGES])
        _run(["npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(FOLDER), *NODE_PACKAGES])
    except subprocess.CalledProcessError as error:
        raise PeersUnavailable(f"{error.cmd[0]} failed") from None
    marker.touch()


def run_node(script: str, url: str, jobs: int, beside: Beside | None = None, **variables: str) -> float:
    """Run jobs with a Node script of this folder; returns seconds."""
    # Node looks for packages beside the script.
    shutil.copy(Path(__file__).parent / script, FOLDER / script)
    return _measure(["node", str(FOLDER / script)], url, jobs, beside, variables)


def run_python(script: str, url: str, jobs: int, phase: str, beside: Beside | None = None) -> float:
    """Run jobs with a Python script of this folder; returns seconds.

    Args:
        script: the file.
        url: the database.
        jobs: how many.
        phase: what is timed, `enqueue` or `work`.
        beside: what happens meanwhile.
    """
    command = [str(FOLDER / "python" / "bin" / "python"), str(Path(__file__).parent / script)]
    return _measure(command, url, jobs, beside, {"PHASE": phase})


def _measure(command: list[str], url: str, jobs: int, beside: Beside | None, variables: dict[str, str]) -> float:
    environment = {**inherited_environment(), "DATABASE_URL": url, "JOBS": str(jobs), **variables}
    return time_processes([start_process(command, environment, FOLDER)], beside)


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
