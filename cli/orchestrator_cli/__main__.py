"""Runs `orchestrator` as `python -m orchestrator_cli`."""

from orchestrator_cli.entry import run

run()
