"""Reads files of consents and revocations (R15): CSV as spreadsheets write it, checked line by line."""

import codecs
import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from orchestrator.consents import ConsentEntry, ConsentRecord, ConsentRevocation
from orchestrator.errors import InvalidMessage, OrchestratorError
from orchestrator.intake.consent import entry_of
from orchestrator.messages import build_consent, build_revocation
from orchestrator.people import Person, is_e164
from orchestrator.store.consents import Recorded
from orchestrator.store.opt_outs import OptOut
from orchestrator_cli.identity import operator_name

# The columns of a file, in any order; `user` and `source` are needed, and `purpose` or `topic` where one is given.
# `id` and `number` stand in what `export` wrote: a consent stays one entry, and belongs to its number.
COLUMNS = (
    "user", "action", "purpose", "topic", "source", "wording", "reference", "at", "until", "recorded_by",
    "number", "id",
)  # fmt: skip
# What stands between the values of a line: a spreadsheet writes semicolons in some countries.
DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """What one line adds.

    Attributes:
        line: its number in the file.
        has_id: whether it names the id of its entry, as the lines of `export` do.
    """

    line: int
    entry: ConsentEntry | OptOut
    has_id: bool


Problems = list[tuple[int, str]]


def check_lines(
    lines: Sequence[tuple[int, Mapping[str, str]]], known: Mapping[str, Person], now: datetime
) -> tuple[list[FileEntry], Problems]:
    """Check the lines of a file.

    Args:
        lines: each with its number in the file.
        known: people by the reference that the file uses.

    Returns:
        The entries, and the number and problem of each wrong line, in their order.
    """
    entries: list[FileEntry] = []
    problems: Problems = []
    first_places: dict[tuple[object, ...], int] = {}
    author = operator_name()
    for number, line in lines:
        content = tuple(line[column] for column in COLUMNS)
        try:
            request = _request_of(line)
            person = _person_of(request.user_id, known, line["number"])
            same = (person.user_id, *(line[column] for column in COLUMNS if column != "user"))
            _check_first("line", first_places.setdefault(same, number), number)
            if line["id"]:
                _check_first("id", first_places.setdefault((line["id"].casefold(),), number), number)
            entry = entry_of(request, id_of(content), person, author, now)
            if isinstance(entry, OptOut):
                _check_time(line["at"])
            entries.append(FileEntry(number, entry, bool(line["id"])))
        except InvalidMessage as problem:
            problems.append((number, str(problem)))
    problems += _overlaps(entries)
    return entries, sorted(problems)


def compare_with_ledger(entries: Iterable[FileEntry], ledger: Recorded) -> tuple[list[ConsentEntry | OptOut], Problems]:
    """Leave out what is recorded already: an opt-out also where a START has ended it since.

    Returns:
        The entries that are new, and the lines that name the id of an entry with other content.
    """
    new: list[ConsentEntry | OptOut] = []
    problems: Problems = []
    for one in entries:
        if isinstance(one.entry, OptOut):
            if (one.entry.phone_number, one.entry.at) not in ledger.opt_outs:
                new.append(one.entry)
        elif (recorded := ledger.entries.get(one.entry.id)) is None:
            new.append(one.entry)
        elif one.has_id and recorded != one.entry:
            fix = "The ledger only grows: leave the id out, and the line is an entry of its own"
            problems.append((one.line, str(InvalidMessage("id", "is that of an entry with other content", fix))))
    return new, problems


def _check_first(field: str, earlier: int, number: int) -> None:
    if earlier != number:
        raise InvalidMessage(field, f"says the same as line {earlier}", "Remove one of them")


def _check_time(at: str) -> None:
    """An opt-out without its time would come again with each reading of the file, also after a START."""
    if not at:
        raise InvalidMessage("at", "is missing", "Say when the person wanted no more texts")


def _overlaps(entries: Iterable[FileEntry]) -> Iterator[tuple[int, str]]:
    """Yield the lines of two consents to one purpose or topic that hold at the same time: one of them is mistaken.

    What `export` wrote is the ledger's own, where consents may overlap.
    """
    about: dict[tuple[object, ...], list[tuple[int, ConsentEntry]]] = defaultdict(list)
    for one in entries:
        if isinstance(one.entry, ConsentEntry) and not one.has_id:
            entry = one.entry
            about[entry.user_id, entry.phone_number, entry.purpose, entry.topic].append((one.line, entry))
    for group in about.values():
        revoked = {entry.at for _, entry in group if not entry.is_given}
        holding: tuple[int, ConsentEntry] | None = None
        for line, entry in sorted(group, key=lambda each: (each[1].at, each[0])):
            # At the same moment a revocation wins.
            if entry.at in revoked:
                holding = None
                continue
            if holding and (holding[1].until is None or entry.at < holding[1].until):
                earlier, later = sorted((holding[0], line))
                fix = "Give one of the two, or the end of the earlier one in `until`"
                yield later, str(InvalidMessage("line", f"overlaps the consent of line {earlier}", fix))
                if holding[1].until is None or (entry.until and entry.until <= holding[1].until):
                    continue
            holding = line, entry


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


def id_of(content: Sequence[str]) -> UUID:
    """Return the id of an entry by its content, so that the same file adds nothing a second time."""
    return uuid5(NAMESPACE_URL, "\x1f".join(content))


def read_lines(file: Path) -> list[tuple[int, dict[str, str]]]:
    """Read a file's lines, each with its number in the file and a value for each of `COLUMNS`.

    Raises:
        OrchestratorError: it cannot be read, is no CSV, or its first line names other columns.
    """
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
