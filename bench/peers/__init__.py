"""What people would otherwise use, in its best documented configuration; beside the project, never in it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench.database import ROOT, start_together

FOLDER = ROOT / ".bench"
# The versions measured.
NODE_PACKAGES = ("graphile-worker@0.18.0", "pg-boss@12.38.0", "pg@8")
PYTHON_PACKAGES = ("procrastinate[psycopg]==3.10.0", "psycopg[binary]")


class NoPeers(Exception):
    """Node or npm is missing, or a package cannot be fetched; what is ours is measured alone."""


def install() -> None:
    """Install them into `.bench`, once.

    Raises:
        NoPeers: that is not possible here.
    """
    marker = FOLDER / " ".join((*NODE_PACKAGES, *PYTHON_PACKAGES)).replace("/", "_")
    if marker.exists():
        return
    if not shutil.which("npm"):
        raise NoPeers("npm is not there")
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    try:
        _run([sys.executable, "-m", "venv", str(FOLDER / "python")])
        _run([str(FOLDER / "python" / "bin" / "pip"), "install", "--quiet", *PYTHON_PACKAGES])
        _run(["npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(FOLDER), *NODE_PACKAGES])
    except subprocess.CalledProcessError as error:
        raise NoPeers(f"{error.cmd[0]} failed") from None
    marker.touch()


def run_node(script: str, url: str, jobs: int, **variables: str) -> float:
    """Run a Node contestant; returns its seconds."""
    # Node finds packages beside the script alone.
    shutil.copy(Path(__file__).parent / script, FOLDER / script)
    return _measure(["node", str(FOLDER / script)], url, jobs, variables)


def run_procrastinate(url: str, jobs: int, do: str) -> float:
    """Run procrastinate; returns its seconds."""
    script = Path(__file__).parent / "procrastinate_worker.py"
    return _measure([str(FOLDER / "python" / "bin" / "python"), str(script)], url, jobs, {"DO": do})


def _measure(command: list[str], url: str, jobs: int, variables: dict[str, str]) -> float:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    worker = subprocess.Popen(
        command,
        env={**kept, "DATABASE_URL": url, "JOBS": str(jobs), **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=FOLDER,
    )
    return start_together([worker])


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
