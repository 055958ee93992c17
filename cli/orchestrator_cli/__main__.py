"""Runs `orchestrator` as `python -m orchestrator_cli`."""

from orchestrator_cli.main import run

run()
