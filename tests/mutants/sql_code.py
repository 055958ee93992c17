"""Mutants of SQL: the statements of `store/sql`, and the functions that migrations make.

The mutator works on the text. What it makes of a statement that does not parse any more is dropped by `is_valid`.
"""

import re
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

import psycopg
from psycopg import Connection
from psycopg.pq import ExecStatus

from tests.mutants.mutant import ROOT, Mutant

# Where a change begins and ends in the text, and what it puts there.
Change = tuple[int, int, str]

_STORE = ROOT / "shared/orchestrator/store"
_STATEMENTS = sorted((_STORE / "sql").glob("*.sql"))
_MIGRATIONS = sorted((_STORE / "migrations").glob("*.sql"))
_TIMESTAMPTZ = 1184
# One word or sign for another. Each is looked for outside comments and texts.
SWAPS = (
    (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "), (r" >= ", " > "),
    (r" < ", " > "), (r" > ", " < "), (r" = ", " <> "), (r" <> ", " = "),
    (r"\bIS NOT NULL\b", "IS NULL"), (r"\bIS NULL\b", "IS NOT NULL"),
    (r"\bIS DISTINCT FROM\b", "IS NOT DISTINCT FROM"), (r"\bIS NOT DISTINCT FROM\b", "IS DISTINCT FROM"),
    (r"\bNOT (?=EXISTS|IN\b|\w)", ""), (r"\bAND\b", "OR"), (r"\bOR\b", "AND"),
    (r"\bgreatest\(", "least("), (r"\bleast\(", "greatest("), (r"\bmin\(", "max("), (r"\bmax\(", "min("),
    (r"\bbool_or\(", "bool_and("), (r"\bbool_and\(", "bool_or("), (r" \+ ", " - "), (r" - ", " + "),
    (r"\btrue\b", "false"), (r"\bfalse\b", "true"),
    (r"\bSELECT DISTINCT (?!ON)", "SELECT "), (r"\bLEFT JOIN\b", "JOIN"),
    (r" DESC\b", ""), (r"\bDO UPDATE\s+SET\b[^;]*?(?=\n\)|\bRETURNING\b|\Z)", "DO NOTHING"),
    (r"\s+ON CONFLICT\b[^;]*?(?=\n\)|\bRETURNING\b|\Z)", ""),
    (r"\s+FOR (NO KEY )?UPDATE( OF \w+)?( SKIP LOCKED)?", ""), (r" SKIP LOCKED", ""),
    (r"\s+LIMIT (\d+|%\(\w+\)s(::\w+)?)", ""),
)  # fmt: skip
_PREDICATE_BEGINS = re.compile(r"\b(WHERE|AND|ON|HAVING|WHEN|OR)\s+(?!CONFLICT)")
_PART_ENDS = re.compile(
    r"\b(WHERE|AND|OR|ON|HAVING|WHEN|THEN|ELSE|AS|GROUP BY|ORDER BY|LIMIT|UNION|RETURNING|FROM|FOR|WINDOW|JOIN|LEFT|CROSS)\b"
    r"|[,;]"
)
_CASE = re.compile(r"\b(CASE|END)\b")
_FUNCTION = re.compile(r"CREATE (?:OR REPLACE )?FUNCTION orchestrator\.(\w+)\(.*?AS (\$\w*\$)(.*?)\2.*?;", re.DOTALL)


def sql_mutants() -> Iterator[Mutant]:
    """Every mutant of the statements, and of each function that they or triggers call, as the last migration makes it."""
    for file in _STATEMENTS:
        text = file.read_text()
        yield from _mutants_of(file, f"statement:{file.stem}", text, 0, len(text))
    triggers = "".join(file.read_text() for file in _MIGRATIONS)
    for name, (file, text, start, end) in _functions().items():
        if callers_of(name) or f"EXECUTE FUNCTION orchestrator.{name}(" in triggers:
            yield from _mutants_of(file, f"function:{name}", text, start, end)


@cache
def callers_of(function: str) -> frozenset[str]:
    """The statements that call a function, themselves or through another function; none for what triggers call."""
    callers = {file.stem for file in _STATEMENTS if f"orchestrator.{function}(" in file.read_text()}
    for name, (_, text, start, end) in _functions().items():
        if name != function and f"orchestrator.{function}(" in text[start:end]:
            callers |= callers_of(name)
    return frozenset(callers)


@cache
def _functions() -> dict[str, tuple[Path, str, int, int]]:
    """Each function by name: the last file that makes it, its text, and where the body is."""
    return {
        found[1]: (file, text, found.start(3), found.end(3))
        for file in _MIGRATIONS
        for text in [file.read_text()]
        for found in _FUNCTION.finditer(text)
    }


def is_valid(connection: Connection, mutant: Mutant) -> bool:
    """Whether Postgres accepts the changed statement or function; the database stays as it is."""
    if mutant.unit.startswith("statement:"):
        return _is_valid_statement(connection, mutant.text)
    name = mutant.unit.partition(":")[2]
    (definition,) = [found[0] for found in _FUNCTION.finditer(mutant.text) if found[1] == name]
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(re.sub("^CREATE (OR REPLACE )?", "CREATE OR REPLACE ", definition).encode())
    except psycopg.Error:
        return False
    return True


def _is_valid_statement(connection: Connection, text: str) -> bool:
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", text)))
    numbered = re.sub(r"%\((\w+)\)s", lambda found: f"${names.index(found[1]) + 1}", text).replace("%%", "%")
    types = [_TIMESTAMPTZ if name == "now" else 0 for name in names]
    return connection.pgconn.prepare(b"", numbered.encode(), types).status == ExecStatus.COMMAND_OK


def _mutants_of(file: Path, unit: str, text: str, start: int, end: int) -> Iterator[Mutant]:
    code = text[:start] + _masked(text[start:end]) + text[end:]
    for first, last, replacement in dict.fromkeys(_changes(code, text, start, end)):
        if text[first:last] != replacement:
            change = partial("{}{}{}".format, text[:first], replacement, text[last:])
            yield Mutant(str(file.relative_to(ROOT)), unit, first, text, change)


def _masked(text: str) -> str:
    """The text with comments and quoted texts blanked, at the same length."""
    without_comments = re.sub(r"--[^\n]*", lambda found: " " * len(found[0]), text)
    return re.sub(r"'[^']*'", lambda found: f"'{'_' * (len(found[0]) - 2)}'", without_comments)


def _changes(code: str, text: str, start: int, end: int) -> Iterator[Change]:
    """Every change of `text[start:end]`; `code` is the text with comments and quoted texts blanked."""
    yield from _swaps(code, start, end)
    yield from _numbers(code, text, start, end)
    yield from _predicates(code, start, end)
    yield from _orders(code, start, end)
    yield from _items(code, text, start, end)


def _swaps(code: str, start: int, end: int) -> Iterator[Change]:
    for pattern, replacement in SWAPS:
        for found in re.compile(pattern).finditer(code, start, end):
            yield found.start(), found.end(), replacement


def _numbers(code: str, text: str, start: int, end: int) -> Iterator[Change]:
    """Move boundaries by one, and double intervals."""
    for found in re.compile(r"(?<![\w.$])\d+\b").finditer(code, start, end):
        yield found.start(), found.end(), str(int(found[0]) + 1)
    for found in re.compile(r"interval '(\d+)").finditer(text, start, end):
        yield found.start(1), found.end(1), str(int(found[1]) * 2)
        yield found.start(1), found.end(1), str(int(found[1]) - 1)


def _predicates(code: str, start: int, end: int) -> Iterator[Change]:
    """Make a predicate true, or false where it stands beside others with OR."""
    for found in _PREDICATE_BEGINS.finditer(code, start, end):
        first, last = found.end(), _end_of_part(code, found.end(), end)
        if found[1] != "OR":
            yield first, last, "true"
        if found[1] in ("OR", "WHEN"):
            yield first, last, "false"


def _orders(code: str, start: int, end: int) -> Iterator[Change]:
    """Drop an order, and turn the last key of it around."""
    for found in re.compile(r"\s*\bORDER BY ").finditer(code, start, end):
        last = _items_of(code, found.end())[-1][1]
        yield found.start(), last, ""
        yield last, last, "" if code[:last].endswith("DESC") else " DESC"


def _items(code: str, text: str, start: int, end: int) -> Iterator[Change]:
    """Keep one argument of coalesce; drop one item of a list of values or of assignments."""
    for found in re.compile(r"\bcoalesce\(").finditer(code, start, end):
        items = _items_of(code, found.end())
        for first, last in items:
            yield found.start(), items[-1][1] + 1, text[first:last]
    for found in re.compile(r"\bIN \((?=')|\bSET\s+(?=\w+ = )").finditer(code, start, end):
        items = _items_of(code, found.end())
        for place, (first, last) in enumerate(items if len(items) > 1 else []):
            if place:
                yield items[place - 1][1], last, ""
            else:
                yield first, items[1][0], ""


def _end_of_part(code: str, position: int, end: int) -> int:
    """Where the predicate or item that begins here ends: before the next clause, or the parenthesis around it."""
    depth = cases = 0
    while position < end:
        if word := _CASE.match(code, position):
            if word[0] == "END" and not cases and not depth:
                break
            cases += 1 if word[0] == "CASE" else -1
        elif not depth and not cases and _PART_ENDS.match(code, position):
            break
        depth += {"(": 1, ")": -1}.get(code[position], 0)
        if depth < 0:
            break
        position += 1
    return len(code[:position].rstrip())


def _items_of(code: str, position: int) -> list[tuple[int, int]]:
    """The places of the items of the list that begins here, separated by commas."""
    items = [(position, _end_of_part(code, position, len(code)))]
    while comma := re.compile(r"\s*,\s*").match(code, items[-1][1]):
        items.append((comma.end(), _end_of_part(code, comma.end(), len(code))))
    return items
