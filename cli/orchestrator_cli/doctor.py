"""The command `doctor`: checks everything that has to be right, and reports what to fix."""

import dataclasses
from typing import Annotated

import typer

from orchestrator_cli.access import close_tables
from orchestrator_cli.check_results import Check, CheckResult, Grade
from orchestrator_cli.extras import require_extra
from orchestrator_cli.options import AsJson, Reason
from orchestrator_cli.output import show, show_json, style_line, working
from orchestrator_cli.target import on_target

_MARKS = {
    Grade.GOOD: style_line("[green]✓[/]"),
    Grade.DOUBTFUL: style_line("[yellow]![/]"),
    Grade.BAD: style_line("[red]✗[/]"),
    Grade.SKIPPED: style_line("[dim]-[/]"),
}


@on_target
def doctor(
    close: Annotated[
        bool, typer.Option("--close", help="Close the tables that this product created to the web, and check nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --close: do not ask for confirmation.")] = False,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """Check settings, law, database, schema, queues, Twilio, Claude and the webhook. Exit code 1 if a check fails."""
    if close:
        close_tables(reason, yes=yes, as_json=as_json)
        return
    results: list[CheckResult] = []
    with working("Checking…") as status:
        for name, check in checks().items():
            status.update(f"Checking {name}…")
            for result in check():
                results.append(result)
                if not as_json:
                    _print_check(result)
    if as_json:
        show_json([dataclasses.asdict(result) for result in results])
    failed = sum(result.grade is Grade.BAD for result in results)
    if not as_json:
        show(_summary(failed, sum(result.grade is Grade.DOUBTFUL for result in results)))
    if failed:
        raise typer.Exit(1)


def checks() -> dict[str, Check]:
    """The checks by what they look at, in their order.

    Raises:
        OrchestratorError: a library that they need is not installed.
    """
    with require_extra("doctor", "cli,functions"):
        import anthropic  # noqa: F401
        import twilio  # noqa: F401
    from orchestrator_cli import law, service_checks, stack_checks

    return {
        "the pauses": stack_checks.check_pauses,
        "settings": stack_checks.check_settings,
        "the secrets": stack_checks.check_secrets,
        "the database": stack_checks.check_database,
        "the law": law.check_law,
        "the queues": stack_checks.check_queues,
        "Twilio": service_checks.check_twilio,
        "Claude": service_checks.check_claude,
        "the webhook": service_checks.check_webhook,
    }


def _summary(failed: int, doubtful: int) -> object:
    if failed:
        return style_line("[red]Failed checks: {}.[/] To look at (!): {}.", failed, doubtful)
    if doubtful:
        return style_line("[yellow]No check failed.[/] To look at (!): {}.", doubtful)
    return style_line("[green]No check failed.[/]")


def _print_check(result: CheckResult) -> None:
    show(_MARKS[result.grade] + style_line(" {}: {}", result.what, result.detail))
    if result.fix:
        show(f"    {result.fix}")
