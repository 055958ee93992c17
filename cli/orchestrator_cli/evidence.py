"""The commands `evidence`: write a person's evidence to a file, and check such a file (R15)."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.maintenance.evidence_file import build_evidence, check_evidence, render_evidence
from orchestrator.store.people import find_user
from orchestrator_cli.connection import open_database
from orchestrator_cli.options import AsJson, PersonReference
from orchestrator_cli.output import print_result, show, style_line
from orchestrator_cli.target import on_target


@on_target
def evidence(
    user: PersonReference,
    since: Annotated[str, typer.Option("--from", help="The first day, UTC, such as 2026-03-01.")],
    until: Annotated[str, typer.Option("--to", help="The last day, UTC, such as 2026-03-31.")],
    file: Annotated[
        Path | None, typer.Option("--file", help="Write here. Default: evidence-PERSON.html in this folder.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write one page that shows why the person got each text, and what became of each STOP."""
    first, last = _day(since), _day(until)
    if last < first:
        raise typer.BadParameter(f"--to {until} lies before --from {since}.")
    with open_database() as (connection, clock):
        user_id = find_user(connection, user)
        entries = build_evidence(connection, user_id, first, last + timedelta(days=1), clock())
    path = file or Path(f"evidence-{user_id}.html")
    path.touch(mode=0o600)
    path.write_text(render_evidence(entries), encoding="utf-8")
    facts = {name: entries[0][name] for name in ("person", "texts", "stops")}
    print_result(
        {**facts, "file": str(path), "last_hash": entries[-1]["hash"]},
        style_line("[green]Written[/] to {}: {} texts, {} STOPs.", path, facts["texts"], facts["stops"]),
        f"Keep the last hash elsewhere, so that the file can be proved: {entries[-1]['hash']}",
        as_json=as_json,
    )


def check_file(file: Annotated[Path, typer.Argument(help="A file that `evidence` wrote.", exists=True)]) -> None:
    """Check that a file of evidence is as it was written, and print its last hash to compare."""
    entries = check_evidence(file.read_text(encoding="utf-8", errors="replace"))
    show(style_line("[green]Whole:[/] {} entries. The last hash: {}", len(entries), entries[-1]["hash"]))


def _day(text: str) -> datetime:
    """The first instant of a day.

    Raises:
        typer.BadParameter: it is no ISO 8601 date.
    """
    try:
        return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date. Write it as 2026-03-01.") from None
