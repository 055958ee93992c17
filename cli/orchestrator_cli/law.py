"""The commands `law`: what the law of the place asks of texts, by our rows and by an owner's own (R15)."""

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Annotated

import typer

from orchestrator.clock import clock_from_environment, real_time
from orchestrator.errors import OrchestratorError
from orchestrator.jurisdiction_fields import WEEKDAYS
from orchestrator.jurisdictions import has_own_rows, read_law
from orchestrator.rules.holidays import holidays_in
from orchestrator.rules.law import CapRow, HolidayRow, HoursRow, Law, Origin
from orchestrator.rules.places import find_place
from orchestrator.sender_settings import LawSettings
from orchestrator.settings import load
from orchestrator_cli.check_results import CheckResult, Grade
from orchestrator_cli.options import AsJson
from orchestrator_cli.output import Table, show, show_error, show_json

app = typer.Typer(
    help="Show the law of the place as it is kept, and find rows that are old. Not legal advice: docs/law.md.",
    no_args_is_help=True,
)

LawRow = HoursRow | CapRow | HolidayRow
# A row that was not read at its source for so long may be wrong by now.
FRESH_FOR = timedelta(days=365)
# How far the earliest zone is ahead of UTC (Line Islands).
EARLIEST_DAY = timedelta(hours=14)
_EMPTY_FILE = "The file that LAW_FILE names holds no row: our rows alone hold."


@app.command("show")
def show_law(
    place: Annotated[
        str | None, typer.Argument(help="A state or province, such as FL. Without it: all places.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what holds in one place, or the hours of marketing texts in all places."""
    law = read_law(load(LawSettings).law_file)
    if place is None:
        _show_places(law, as_json=as_json)
        return
    code = find_place(place, law)
    if code is None:
        raise OrchestratorError(f"{place!r} is no place of the law. `orchestrator law show` lists all of them.")
    _show_place(law, code, clock_from_environment()().date().year, as_json=as_json)


@app.command()
def check(as_json: AsJson = False) -> None:
    """Warn of rows last checked over a year ago or in the future, and of an own file without rows; then exit with 1."""
    own_file = load(LawSettings).law_file
    law = read_law(own_file)
    rows, old, future = _rows(law), _old_rows(law), _future_rows(law)
    is_empty = own_file is not None and not has_own_rows(own_file)
    if as_json:
        found = {
            name: [_warning(law, row) for row in doubtful] for name, doubtful in (("old", old), ("future", future))
        }
        show_json({"rows": len(rows), **found, "own_file_is_empty": is_empty})
    else:
        for row in old:
            show_error(f"{_describe(law, row)}: last checked {row.origin.checked}, at {row.origin.source}.", "yellow")
        for row in future:
            show_error(f"{_describe(law, row)}: checked {row.origin.checked}, which is in the future.", "yellow")
        if is_empty:
            show_error(_EMPTY_FILE, "yellow")
        show(f"{_counts(rows, old, future)}.")
    raise typer.Exit(1 if old or future or is_empty else 0)


def check_law() -> Iterator[CheckResult]:
    """Check for `orchestrator doctor` that the rows of the law can be read, and that none is old or from the future."""
    try:
        own_file = load(LawSettings).law_file
        law = read_law(own_file)
    except OrchestratorError as error:
        yield CheckResult("law", Grade.BAD, str(error), "Correct the file that LAW_FILE names: docs/law.md.")
        return
    old, future = _old_rows(law), _future_rows(law)
    fix = "`orchestrator law check` lists them." if old or future else ""
    yield CheckResult("law", Grade.DOUBTFUL if fix else Grade.GOOD, _counts(_rows(law), old, future), fix)
    if own_file is not None and not has_own_rows(own_file):
        yield CheckResult(
            "law", Grade.DOUBTFUL, _EMPTY_FILE, "Write rows into it, or leave LAW_FILE empty: docs/law.md."
        )


def _counts(rows: Sequence[LawRow], old: Sequence[LawRow], future: Sequence[LawRow]) -> str:
    in_future = f", {len(future)} of them checked in the future" if future else ""
    return f"{len(rows)} rows of the law, {len(old)} of them not checked within a year{in_future}"


def _rows(law: Law) -> list[LawRow]:
    return [*law.hours, *law.caps, *law.holidays]


def _old_rows(law: Law) -> list[LawRow]:
    # By the real clock: people read sources, and the local stack's time may be moved.
    oldest = real_time().date() - FRESH_FOR
    return [row for row in _rows(law) if row.origin.checked < oldest]


def _future_rows(law: Law) -> list[LawRow]:
    """Rows whose day has not begun anywhere on earth: a mistake, which would pass for fresh for longer than a year."""
    latest = (real_time() + EARLIEST_DAY).date()
    return [row for row in _rows(law) if row.origin.checked > latest]


def _warning(law: Law, row: LawRow) -> dict[str, object]:
    return {"row": _describe(law, row), **_origin(row.origin)}


def _show_places(law: Law, *, as_json: bool) -> None:
    """All places with the rows of their own; where there is none, those of their country hold."""
    if as_json:
        show_json({code: _facts(law, code) for code in law.places})
        return
    table = _table("place", "name", "marketing texts", "at most", "source")
    for code, place in law.places.items():
        rows = law.hours_of(code, "marketing")
        own = [row for row in rows if row.place == code] or list(rows)
        caps = [f"{row.texts} in {row.period / timedelta(hours=1):g} h" for row in law.caps_of(code, "marketing")]
        sources = ", ".join(dict.fromkeys(row.origin.source for row in own))
        table.add_row(code, place.name, "; ".join(map(_week, own)), ", ".join(caps), sources)
    show(table)
    show("The hours of the country hold in each of its places, too. `orchestrator law show FL` shows one place.")


def _show_place(law: Law, code: str, year: int, *, as_json: bool) -> None:
    if as_json:
        show_json({"place": code, **_facts(law, code), "holidays_this_year": _days(law, code, year)})
        return
    table = _table("row of", "texts", "what holds", "source", "checked", "primary", title=law.places[code].name)
    for purpose in sorted(law.purposes):
        for hours in law.hours_of(code, purpose):
            table.add_row(law.name_of(hours.place), purpose, _week(hours), *_origin_cells(hours.origin))
        for cap in law.caps_of(code, purpose):
            most = f"at most {cap.texts} in {cap.period / timedelta(hours=1):g} hours"
            table.add_row(law.name_of(cap.place), purpose, most, *_origin_cells(cap.origin))
    for row in law.holidays_of(code):
        table.add_row(law.name_of(row.place), "", f"{len(row.days)} holidays", *_origin_cells(row.origin))
    show(table)
    keeps = any(row.keeps_holidays for purpose in law.purposes for row in law.hours_of(code, purpose))
    when = "" if keeps else ", on which the hours of the weekday hold"
    show(f"Holidays {year}{when}: {', '.join(_days(law, code, year))}")
    show("All rows of a place hold at once. Texts of other purposes keep the person's quiet hours alone (R3).")


def _table(*headings: str, title: str | None = None) -> Table:
    table = Table(title=title)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _week(row: HoursRow) -> str:
    """The hours of a row in a line, such as `08:00-20:00; sunday none; holidays none`."""
    usual = max(row.days, key=row.days.count)
    others = [f"{day} {hours or 'none'}" for day, hours in zip(WEEKDAYS, row.days, strict=True) if hours != usual]
    holidays = [f"holidays {row.on_holidays or 'none'}"] if row.keeps_holidays else []
    clock = [row.zone.key] if row.zone else []
    return "; ".join([str(usual or "none"), *others, *holidays, *clock])


def _describe(law: Law, row: LawRow) -> str:
    kind = {HoursRow: "hours", CapRow: "cap", HolidayRow: "holidays"}[type(row)]
    return f"{law.name_of(row.place)}, {kind}"


def _facts(law: Law, code: str) -> dict[str, object]:
    return {
        "name": law.places[code].name,
        "hours": [
            {"of": row.place, "purpose": purpose, "hours": _week(row), **_origin(row.origin)}
            for purpose in sorted(law.purposes)
            for row in law.hours_of(code, purpose)
        ],
        "caps": [
            {
                "of": row.place,
                "purpose": purpose,
                "texts": row.texts,
                "hours": row.period / timedelta(hours=1),
                **_origin(row.origin),
            }
            for purpose in sorted(law.purposes)
            for row in law.caps_of(code, purpose)
        ],
        "holidays": [{"of": row.place, **_origin(row.origin)} for row in law.holidays_of(code)],
    }


def _days(law: Law, code: str, year: int) -> list[str]:
    days: set[date] = set()
    for row in law.holidays_of(code):
        days |= holidays_in(year, row.days, observed=row.observed)
    return [f"{day:%a %Y-%m-%d}" for day in sorted(days)]


def _origin(origin: Origin) -> dict[str, object]:
    return dataclasses.asdict(origin)


def _origin_cells(origin: Origin) -> tuple[str, str, str]:
    return origin.source, str(origin.checked), "yes" if origin.primary else "no"
