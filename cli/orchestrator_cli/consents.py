"""The commands `consent`: consents and revocations are recorded, listed, imported and exported (R15)."""

import csv
import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.consents import ConsentEntry, ConsentRecord, ConsentRevocation
from orchestrator.intake.consent import entry_of
from orchestrator.messages import build_consent, build_revocation
from orchestrator.purpose import Purpose
from orchestrator.store import people
from orchestrator.store.consents import (
    RecordedConsent,
    find_consenting_people,
    find_recorded_entries,
    list_consents,
    list_people_opted_out,
    write_consents,
)
from orchestrator.store.operator_actions import Action
from orchestrator.store.opt_outs import OptOut
from orchestrator_cli.actions import audit
from orchestrator_cli.connection import open_database
from orchestrator_cli.consent_file import COLUMNS, check_lines, compare_with_ledger, id_of, read_lines
from orchestrator_cli.identity import operator_name
from orchestrator_cli.options import AsJson, PersonReference, Reason, Yes, one_of
from orchestrator_cli.output import Table, confirm, print_result, show, show_error, show_json, style_line
from orchestrator_cli.target import on_target

app = typer.Typer(
    help="Record, list, import and export what people agreed to, and what they revoked in another way than by a text.",
    no_args_is_help=True,
)

# How many bad lines are shown.
MOST_SHOWN = 20

PurposeOption = Annotated[Purpose | None, typer.Option(help="What the texts are for.", **one_of(Purpose))]
Source = Annotated[str, typer.Option(help="How and where, such as 'web form /signup' or 'by e-mail, ticket 4711'.")]
Reference = Annotated[str | None, typer.Option(help="Where the proof is kept.")]


@app.command()
@on_target
def add(
    user: PersonReference,
    source: Source,
    purpose: PurposeOption = None,
    topic: Annotated[str | None, typer.Option(help="Instead: a revoked topic that the person wants again.")] = None,
    wording: Annotated[str | None, typer.Option(help="What was shown to the person.")] = None,
    reference: Reference = None,
    given_at: Annotated[str | None, typer.Option(help="ISO 8601 with an offset. Default: now.")] = None,
    until: Annotated[str | None, typer.Option(help="When it ends by itself, ISO 8601 with an offset.")] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Record that a person agreed to texts of a purpose, or again to a topic, to the number that they have now."""
    consent = build_consent(
        user_id=user,
        purpose=purpose,
        topic=topic,
        source=source,
        wording=wording,
        reference=reference,
        given_at=given_at,
        until=until,
    )
    _record(consent, yes=yes, as_json=as_json)


@app.command()
@on_target
def revoke(
    user: PersonReference,
    source: Source,
    purpose: PurposeOption = None,
    topic: Annotated[str | None, typer.Option(help="The topic of which the person wants no more texts.")] = None,
    reference: Reference = None,
    revoked_at: Annotated[str | None, typer.Option(help="ISO 8601 with an offset. Default: now.")] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Record that a person wants no more texts of a purpose or a topic; without either, opt the person out."""
    revocation = build_revocation(
        user_id=user, purpose=purpose, topic=topic, source=source, reference=reference, revoked_at=revoked_at
    )
    _record(revocation, yes=yes, as_json=as_json)


@app.command("list")
@on_target
def list_entries(
    user: Annotated[str | None, typer.Argument(help="The person; without it, everyone.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the entries of a person, or of everyone, and which of them hold."""
    entries = _read_entries(user)
    if as_json:
        show_json([dataclasses.asdict(entry) for entry in entries])
        return
    table = Table("user", "what", "of", "when", "until", "holds", "source")
    for entry in entries:
        what = "agreed" if entry.is_given else "revoked"
        until = f"{entry.until:%Y-%m-%d}" if entry.until else ""
        who = entry.external_id or entry.user_id
        about = entry.purpose or f"topic {entry.topic}"
        table.add_row(who, what, about, f"{entry.at:%Y-%m-%d}", until, "yes" if entry.holds else "no", entry.source)
    show(table)


@app.command("export")
@on_target
def export_entries(file: Annotated[Path, typer.Argument(help="The CSV file to write.")]) -> None:
    """Write all entries, and the opt-outs in force, to a CSV file, in the form that `import` reads."""
    with open_database() as (connection, clock):
        entries, opted_out = list_consents(connection, None, clock()), list_people_opted_out(connection)
    with file.open("w", newline="", encoding="utf-8") as output:
        writer = csv.writer(output)
        writer.writerow(COLUMNS)
        for entry in entries:
            action = "given" if entry.is_given else "revoked"
            at, until = entry.at.isoformat(), entry.until.isoformat() if entry.until else ""
            about = (entry.purpose, entry.topic, entry.source, entry.wording, entry.reference)
            who, of = entry.external_id or entry.user_id, (entry.recorded_by, entry.phone_number, entry.id)
            writer.writerow([who, action, *about, at, until, *of])
        for person in opted_out:
            who, at = person.external_id or person.user_id, person.at.isoformat()
            writer.writerow([who, "revoked", "", "", person.source, "", "", at, "", "", person.phone_number, ""])
    show(style_line("[green]Wrote[/] {} entries and {} opt-outs to {}", len(entries), len(opted_out), file))


@app.command("import")
@on_target
def import_entries(
    file: Annotated[Path, typer.Argument(help=f"A CSV file with the columns {', '.join(COLUMNS)}.")],
    apply: Annotated[bool, typer.Option("--apply", help="Write the entries. Without it: report alone.")] = False,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """Read consents and revocations from a CSV file: all of it, or nothing where a line is wrong.

    `action` is `given` (the default) or `revoked`; a revocation without purpose and topic opts the person out. Reading
    the same file twice changes nothing.
    """
    lines = read_lines(file)
    with open_database() as (connection, clock):
        now = clock()
        references = sorted({line["user"] for _, line in lines if line["user"]})
        in_file, problems = check_lines(lines, find_consenting_people(connection, references), now)
        new, changed = compare_with_ledger(in_file, find_recorded_entries(connection, [one.entry for one in in_file]))
        problems = sorted([*problems, *changed])
        consents = [entry for entry in new if isinstance(entry, ConsentEntry)]
        opt_outs = [entry for entry in new if isinstance(entry, OptOut)]
        if apply and not problems:
            with audit(connection, now, Action("consent import", change={"entries": len(new)}, reason=reason)):
                write_consents(connection, consents, opt_outs, now)
    report = {
        "lines": len(lines),
        "wrong": len({number for number, _ in problems}),
        "recorded_before": len(in_file) - len(new) - len(changed),
        "written": len(new) if apply and not problems else 0,
    }
    if as_json:
        show_json({**report, "problems": [{"line": number, "problem": text} for number, text in problems]})
    else:
        for number, text in problems[:MOST_SHOWN]:
            show_error(f"line {number}: {text}")
        if len(problems) > MOST_SHOWN:
            show_error(f"and {len(problems) - MOST_SHOWN} more")
        show(style_line("{} lines, {} of them wrong, {} recorded before, {} written.", *report.values()))
        if not apply and not problems:
            show("Nothing is written without --apply.")
    raise typer.Exit(1 if problems else 0)


def _record(request: ConsentRecord | ConsentRevocation, *, yes: bool, as_json: bool) -> None:
    with open_database() as (connection, clock):
        now = clock()
        person = people.read_user(connection, request.user_id, now).person
        entry = entry_of(request, id_of([request.model_dump_json(), now.isoformat()]), person, operator_name(), now)
        consents = [entry] if isinstance(entry, ConsentEntry) else []
        opt_outs = [entry] if isinstance(entry, OptOut) else []
        what = "opted out" if opt_outs else "agreed" if consents[0].is_given else "revoked"
        confirm(f"Record for {person.user_id}: {what}?", yes=yes)
        with audit(connection, now, Action("consent", user_id=person.user_id, change={"recorded": what})):
            write_consents(connection, consents, opt_outs, now)
    line = style_line("[green]Recorded[/] for {}: {}.", person.user_id, what)
    print_result({"user_id": person.user_id, "recorded": what, "at": entry.at}, line, as_json=as_json)


def _read_entries(user: str | None) -> list[RecordedConsent]:
    with open_database() as (connection, clock):
        now = clock()
        user_id = people.read_user(connection, user, now).person.user_id if user else None
        return list_consents(connection, user_id, now)
