"""Starts the `orchestrator` command; reports with the fix where its libraries are not installed."""

import sys


def run() -> None:
    """Run the command of this process's arguments.

    The plain package is the publishing client alone: it brings this script, and not the libraries of the command line.
    """
    try:
        from orchestrator_cli.main import run as run_command
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0].startswith("orchestrator"):
            raise
        sys.exit(
            f"orchestrator: {error.name} is not installed. Install the libraries of the command line: "
            'pip install "message-orchestrator[cli]", or in a copy of the source pip install ".[cli]".'
        )
    run_command()
