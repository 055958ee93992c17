"""The commands `consent`: consents and revocations are recorded, listed, imported and exported (R15)."""

import csv
import dataclasses
import getpass
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import NAMESPACE_URL, UUID, uuid5

import typer

from orchestrator.consents import ConsentEntry, ConsentRecord, ConsentRevocation
from orchestrator.errors import InvalidMessage, OrchestratorError
from orchestrator.intake.consent import entry_of
from orchestrator.messages import build_consent, build_revocation
from orchestrator.people import Person
from orchestrator.purpose import Purpose
from orchestrator.store import people
from orchestrator.store.consents import RecordedConsent, find_consenting_people, list_consents, write_consents
from orchestrator.store.opt_outs import OptOut
from orchestrator_cli.connection import open_database
from orchestrator_cli.options import AsJson, PersonReference
from orchestrator_cli.output import Table, print_result, show, show_error, show_json, style_line
from orchestrator_cli.target import on_target

app = typer.Typer(
    help="Record, list, import and export what people agreed to, and what they revoked in another way than by a text.",
    no_args_is_help=True,
)

# The columns of a file, in any order; `user` and `source` are needed, and `purpose` where a consent is given.
COLUMNS = ("user", "action", "purpose", "topic", "source", "wording", "reference", "at", "until", "recorded_by")
# How many bad lines are shown.
MOST_SHOWN = 20

PurposeOption = Annotated[Purpose | None, typer.Option(help="What the texts are for.")]
Source = Annotated[str, typer.Option(help="How and where, such as 'web form /signup' or 'by e-mail, ticket 4711'.")]
Reference = Annotated[str | None, typer.Option(help="Where the proof is kept.")]


@app.command()
@on_target
def add(
    user: PersonReference,
    purpose: Annotated[Purpose, typer.Option(help="What the texts are for.")],
    source: Source,
    wording: Annotated[str | None, typer.Option(help="What was shown to the person.")] = None,
    reference: Reference = None,
    given_at: Annotated[str | None, typer.Option(help="ISO 8601 with an offset. Default: now.")] = None,
    until: Annotated[str | None, typer.Option(help="When it ends by itself, ISO 8601 with an offset.")] = None,
    as_json: AsJson = False,
) -> None:
    """Record that a person agreed to texts of a purpose, to the number that they have now."""
    consent = build_consent(
        user_id=user,
        purpose=purpose,
        source=source,
        wording=wording,
        reference=reference,
        given_at=given_at,
        until=until,
    )
    _record(consent, as_json=as_json)


@app.command()
@on_target
def revoke(
    user: PersonReference,
    source: Source,
    purpose: PurposeOption = None,
    topic: Annotated[str | None, typer.Option(help="The topic of which the person wants no more texts.")] = None,
    reference: Reference = None,
    revoked_at: Annotated[str | None, typer.Option(help="ISO 8601 with an offset. Default: now.")] = None,
    as_json: AsJson = False,
) -> None:
    """Record that a person wants no more texts of a purpose or a topic; without either, opt the person out."""
    revocation = build_revocation(
        user_id=user, purpose=purpose, topic=topic, source=source, reference=reference, revoked_at=revoked_at
    )
    _record(revocation, as_json=as_json)


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
    """Write all entries to a CSV file, in the form that `import` reads."""
    entries = _read_entries(None)
    with file.open("w", newline="", encoding="utf-8") as output:
        writer = csv.writer(output)
        writer.writerow(COLUMNS)
        for entry in entries:
            action = "given" if entry.is_given else "revoked"
            at, until = entry.at.isoformat(), entry.until.isoformat() if entry.until else ""
            about = (entry.purpose, entry.topic, entry.source, entry.wording, entry.reference)
            writer.writerow([entry.external_id or entry.user_id, action, *about, at, until, entry.recorded_by])
    show(style_line("[green]Wrote[/] {} entries to {}", len(entries), file))


@app.command("import")
@on_target
def import_entries(
    file: Annotated[Path, typer.Argument(help=f"A CSV file in UTF-8 with the columns {', '.join(COLUMNS)}.")],
    apply: Annotated[bool, typer.Option("--apply", help="Write the entries. Without it: report alone.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read consents and revocations from a CSV file: all of it, or nothing where a line is wrong.

    `action` is `given` (the default) or `revoked`; a revocation without purpose and topic opts the person out. Reading
    the same file twice changes nothing.
    """
    lines = _read_lines(file)
    with open_database() as (connection, clock):
        now = clock()
        references = sorted({line["user"] for _, line in lines if line["user"]})
        entries, problems = check_lines(lines, find_consenting_people(connection, references), now)
        if apply and not problems:
            consents = [entry for entry in entries if isinstance(entry, ConsentEntry)]
            opt_outs = [entry for entry in entries if isinstance(entry, OptOut)]
            write_consents(connection, consents, opt_outs, now)
    report = {"lines": len(lines), "wrong": len(problems), "written": len(entries) if apply and not problems else 0}
    if as_json:
        show_json({**report, "problems": [{"line": number, "problem": text} for number, text in problems]})
    else:
        for number, text in problems[:MOST_SHOWN]:
            show_error(f"line {number}: {text}")
        if len(problems) > MOST_SHOWN:
            show_error(f"and {len(problems) - MOST_SHOWN} more")
        show(style_line("{} lines, {} of them wrong, {} written.", *report.values()))
        if not apply and not problems:
            show("Nothing is written without --apply.")
    raise typer.Exit(1 if problems else 0)


def check_lines(
    lines: Sequence[tuple[int, Mapping[str, str]]], known: Mapping[str, Person], now: datetime
) -> tuple[list[ConsentEntry | OptOut], list[tuple[int, str]]]:
    """Check the lines of a file.

    Args:
        lines: each with its number in the file.
        known: people by the reference that the file uses.

    Returns:
        The entries, and the number and problem of each wrong line.
    """
    entries: list[ConsentEntry | OptOut] = []
    problems: list[tuple[int, str]] = []
    first_places: dict[tuple[str, ...], int] = {}
    author = getpass.getuser()
    for number, line in lines:
        content = tuple(line[column] for column in COLUMNS)
        try:
            _check_first(first_places.setdefault(content, number), number)
            request = _request_of(line)
            entries.append(entry_of(request, _id_of(content), _person_of(request.user_id, known), author, now))
        except InvalidMessage as problem:
            problems.append((number, str(problem)))
    return entries, problems


def _check_first(earlier: int, number: int) -> None:
    if earlier != number:
        raise InvalidMessage("line", f"says the same as line {earlier}", "Remove one of them")


def _person_of(reference: str, known: Mapping[str, Person]) -> Person:
    if reference not in known:
        raise InvalidMessage("user", "is not a known person", "Add the person first, with `orchestrator user add`")
    return known[reference]


def _request_of(line: Mapping[str, str]) -> ConsentRecord | ConsentRevocation:
    values: dict[str, Any] = {name: value for name, value in line.items() if value}
    fields = {"user_id": values.pop("user", None), **values}
    action, at = fields.pop("action", "given"), fields.pop("at", None)
    if action == "given":
        return build_consent(**fields, given_at=at)
    if action == "revoked":
        return build_revocation(**fields, revoked_at=at)
    raise InvalidMessage("action", "is neither `given` nor `revoked`", "Write one of them, or nothing for `given`")


def _id_of(content: Sequence[str]) -> UUID:
    """The id of a line, so that the same file adds nothing a second time."""
    return uuid5(NAMESPACE_URL, "\x1f".join(content))


def _read_lines(file: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise OrchestratorError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        line = file.read_bytes()[: error.start].count(b"\n") + 1
        raise OrchestratorError(f"{file}, line {line}: the file is not in UTF-8. Save it in that encoding.") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="more", restval="")
    unknown = set(reader.fieldnames or ()) - set(COLUMNS)
    if not reader.fieldnames or unknown or not {"user", "source"} <= set(reader.fieldnames):
        names = f"it has {', '.join(sorted(unknown))}; " if unknown else ""
        raise OrchestratorError(
            f"{file}: {names}the first line names columns of {', '.join(COLUMNS)}; user and source always."
        )
    return list(_stripped(reader))


def _stripped(reader: "csv.DictReader[str]") -> Iterator[tuple[int, dict[str, str]]]:
    for line in reader:
        if "more" in line:
            raise OrchestratorError(f"line {reader.line_num}: it has more values than the first line has columns.")
        yield reader.line_num, {name: (line.get(name) or "").strip() for name in COLUMNS}


def _record(request: ConsentRecord | ConsentRevocation, *, as_json: bool) -> None:
    with open_database() as (connection, clock):
        now = clock()
        person = people.read_user(connection, request.user_id, now).person
        entry = entry_of(request, _id_of([request.model_dump_json(), now.isoformat()]), person, getpass.getuser(), now)
        consents = [entry] if isinstance(entry, ConsentEntry) else []
        opt_outs = [entry] if isinstance(entry, OptOut) else []
        write_consents(connection, consents, opt_outs, now)
    what = "opted out" if opt_outs else "agreed" if consents[0].is_given else "revoked"
    line = style_line("[green]Recorded[/] for {}: {}.", person.user_id, what)
    print_result({"user_id": person.user_id, "recorded": what, "at": entry.at}, line, as_json=as_json)


def _read_entries(user: str | None) -> list[RecordedConsent]:
    with open_database() as (connection, clock):
        now = clock()
        user_id = people.read_user(connection, user, now).person.user_id if user else None
        return list_consents(connection, user_id, now)
