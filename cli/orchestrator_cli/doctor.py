"""Looks at everything that has to be right, and says what to fix."""

import dataclasses

import typer
from rich import print as show
from rich import print_json
from rich.console import Console
from rich.markup import escape

from orchestrator.errors import OrchestratorError
from orchestrator_cli.findings import Finding, Grade, Look
from orchestrator_cli.output import AsJson
from orchestrator_cli.target import on_target

_MARKS = {
    Grade.GOOD: "[green]✓[/]",
    Grade.DOUBTFUL: "[yellow]![/]",
    Grade.BAD: "[red]✗[/]",
    Grade.SKIPPED: "[dim]-[/]",
}


@on_target
def doctor(as_json: AsJson = False) -> None:
    """Check settings, database, schema, queues, Twilio, Claude and the webhook; exit code 1 when something is wrong."""
    findings: list[Finding] = []
    with Console(stderr=True).status("Looking…") as status:
        for name, look in _looks().items():
            status.update(f"Looking at {name}…")
            for finding in look():
                findings.append(finding)
                if not as_json:
                    _say(finding)
    if as_json:
        print_json(data=[dataclasses.asdict(finding) for finding in findings])
    wrong = sum(finding.grade is Grade.BAD for finding in findings)
    if not as_json:
        show(f"[red]{wrong} things are wrong.[/]" if wrong else "[green]Nothing is wrong.[/]")
    if wrong:
        raise typer.Exit(1)


def _looks() -> dict[str, Look]:
    try:
        import anthropic  # noqa: F401
        import twilio  # noqa: F401
    except ModuleNotFoundError:
        raise OrchestratorError(
            '`doctor` asks Twilio and Claude: pip install "message-orchestrator[cli,functions]".'
        ) from None
    from orchestrator_cli import database_checks, service_checks

    return {
        "settings": database_checks.look_at_settings,
        "the database": database_checks.look_at_database,
        "the queues": database_checks.look_at_queues,
        "Twilio": service_checks.look_at_twilio,
        "Claude": service_checks.look_at_claude,
        "the webhook": service_checks.look_at_webhook,
    }


def _say(finding: Finding) -> None:
    show(f"{_MARKS[finding.grade]} {finding.what}: {escape(finding.detail)}")
    if finding.fix:
        show(f"    {escape(finding.fix)}")
