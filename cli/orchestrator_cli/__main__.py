"""`python -m orchestrator_cli` is `orchestrator`."""

from orchestrator_cli.main import run

run()
