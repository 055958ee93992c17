"""The commands `consent`: consents and revocations are recorded, listed, imported and exported (R15)."""

import codecs
import csv
import dataclasses
import getpass
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import NAMESPACE_URL, UUID, uuid5

import typer

from orchestrator.consents import ConsentEntry, ConsentRecord, ConsentRevocation
from orchestrator.errors import InvalidMessage, OrchestratorError
from orchestrator.intake.consent import entry_of
from orchestrator.messages import build_consent, build_revocation
from orchestrator.people import Person, is_e164
from orchestrator.purpose import Purpose
from orchestrator.store import people
from orchestrator.store.consents import (
    RecordedConsent,
    find_consenting_people,
    list_consents,
    list_people_opted_out,
    write_consents,
)
from orchestrator.store.opt_outs import OptOut
from orchestrator_cli.connection import open_database
from orchestrator_cli.options import AsJson, PersonReference
from orchestrator_cli.output import Table, print_result, show, show_error, show_json, style_line
from orchestrator_cli.target import on_target

app = typer.Typer(
    help="Record, list, import and export what people agreed to, and what they revoked in another way than by a text.",
    no_args_is_help=True,
)

# The columns of a file, in any order; `user` and `source` are needed, and `purpose` where a consent is given. `id` and
# `number` stand in what `export` wrote: a consent stays one entry, and belongs to the number that it was given for.
COLUMNS = (
    "user", "action", "purpose", "topic", "source", "wording", "reference", "at", "until", "recorded_by",
    "number", "id",
)  # fmt: skip
# What stands between the values of a line: a spreadsheet writes semicolons in some countries.
DELIMITERS = ",;\t"
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
    accepted: dict[tuple[UUID, str, Purpose | None], list[tuple[int, ConsentEntry]]] = defaultdict(list)
    first_places: dict[tuple[object, ...], int] = {}
    author = getpass.getuser()
    for number, line in lines:
        content = tuple(line[column] for column in COLUMNS)
        try:
            request = _request_of(line)
            person = _person_of(request.user_id, known, line["number"])
            same = (person.user_id, *(line[column] for column in COLUMNS if column != "user"))
            _check_first(first_places.setdefault(same, number), number)
            entry = entry_of(request, _id_of(content), person, author, now)
            if isinstance(entry, OptOut):
                _check_time(line["at"])
            elif not line["id"]:
                about = accepted[person.user_id, entry.phone_number, entry.purpose]
                _check_overlap(entry, about)
                about.append((number, entry))
            entries.append(entry)
        except InvalidMessage as problem:
            problems.append((number, str(problem)))
    return entries, problems


def _check_first(earlier: int, number: int) -> None:
    if earlier != number:
        raise InvalidMessage("line", f"says the same as line {earlier}", "Remove one of them")


def _check_time(at: str) -> None:
    """An opt-out without its time would come again with each reading of the file, also after a START."""
    if not at:
        raise InvalidMessage("at", "is missing", "Say when the person wanted no more texts")


def _check_overlap(entry: ConsentEntry, earlier: Sequence[tuple[int, ConsentEntry]]) -> None:
    """Two consents of a person to one purpose that hold at the same time are one too many, or one is mistaken."""
    if not entry.is_given:
        return
    revoked = [other.at for _, other in earlier if not other.is_given]
    for number, other in earlier:
        first, second = sorted((entry, other), key=lambda one: one.at)
        overlaps = other.is_given and (first.until is None or second.at < first.until)
        if overlaps and not any(first.at <= at <= second.at for at in revoked):
            fix = "Give one of the two, or the end of the earlier one in `until`"
            raise InvalidMessage("line", f"overlaps the consent of line {number}", fix)


def _person_of(reference: str, known: Mapping[str, Person], number: str) -> Person:
    if reference not in known:
        raise InvalidMessage("user", "is not a known person", "Add the person first, with `orchestrator user add`")
    if number and not is_e164(number):
        raise InvalidMessage("number", "is not in E.164", "Write it as +12125550101, or leave it out")
    return replace(known[reference], phone_number=number) if number else known[reference]


def _request_of(line: Mapping[str, str]) -> ConsentRecord | ConsentRevocation:
    values: dict[str, Any] = {name: value for name, value in line.items() if value and name != "number"}
    fields = {"user_id": values.pop("user", None), **values}
    action, at = fields.pop("action", "given"), fields.pop("at", None)
    if entry_id := fields.pop("id", None):
        fields["message_id"] = entry_id
    if action == "given":
        return build_consent(**fields, given_at=at)
    if action == "revoked":
        return build_revocation(**fields, revoked_at=at)
    raise InvalidMessage("action", "is neither `given` nor `revoked`", "Write one of them, or nothing for `given`")


def _id_of(content: Sequence[str]) -> UUID:
    """The id of a line, so that the same file adds nothing a second time."""
    return uuid5(NAMESPACE_URL, "\x1f".join(content))


def _read_lines(file: Path) -> list[tuple[int, dict[str, str]]]:
    text = _read_text(file)
    header = text.splitlines()[0] if text else ""
    delimiter = max(DELIMITERS, key=header.count)
    # The fields check their lengths, and name the line; the default limit of 128 KiB would end the whole file.
    csv.field_size_limit(max(len(text), 1))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines: list[tuple[int, dict[str, str]]] = []
    try:
        names = [name.strip().casefold() for name in next(reader, [])]
        _check_columns(file, names)
        for values in reader:
            if len(values) > len(names):
                raise OrchestratorError(f"line {reader.line_num}: it has more values than the first line has columns.")
            if any(value.strip() for value in values):
                given = dict(zip(names, (value.strip() for value in values), strict=False))
                lines.append((reader.line_num, {name: given.get(name, "") for name in COLUMNS}))
    except csv.Error as error:
        raise OrchestratorError(f"{file}, line {reader.line_num}: the line is no CSV: {error}.") from None
    return lines


def _read_text(file: Path) -> str:
    try:
        content = file.read_bytes()
        # A spreadsheet's "Unicode text" is UTF-16, with a mark at its beginning.
        return content.decode("utf-16" if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig")
    except OSError as error:
        raise OrchestratorError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise OrchestratorError(f"{file}, line {line}: the file is not in UTF-8. Save it in that encoding.") from None


def _check_columns(file: Path, names: Sequence[str]) -> None:
    unknown, twice = set(names) - set(COLUMNS), {name for name in names if names.count(name) > 1}
    if unknown or twice or not {"user", "source"} <= set(names):
        found = f"it has {', '.join(sorted(unknown))}; " if unknown else ""
        found += f"it has {', '.join(sorted(twice))} twice; " if twice else ""
        columns = ", ".join(COLUMNS)
        raise OrchestratorError(f"{file}: {found}the first line names columns of {columns}; user and source always.")


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
