"""The page of people: limits and their use, hours now, opt-outs and dead numbers; and one person, to be changed."""

from datetime import UTC
from itertools import islice
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from orchestrator.rules.explanations import describe_opt_out, explain
from orchestrator.rules.local_time import format_time
from orchestrator.rules.pause_words import describe_in_words
from orchestrator.settings import PolicySettings, load
from orchestrator.store.answer_hours import read_answer_hours
from orchestrator.store.opt_outs import list_opt_outs
from orchestrator.store.people import find_user, read_user
from orchestrator.store.people_list import FIRST_ID
from orchestrator.store.waiting import list_waiting_messages
from orchestrator_cli.answer_heat import HOURS_OF_A_DAY, heat_rows
from orchestrator_cli.console.visit import Visit
from orchestrator_cli.pause_lines import pauses_of_person
from orchestrator_cli.people_list import iterate_with_limits
from orchestrator_cli.person_facts import LABELS, facts_of, show_fact

# People of a page, and waiting messages of each lane that a person's page shows.
PEOPLE = 25
WAITING = 10
# What the form of a person changes: the field, its label, an example, and the fact that it changes.
FORM = (
    ("daily_limit", "Texts a day", "10", "daily_limit"),
    ("hourly_limit", "Texts an hour", "2", "hourly_limit"),
    ("quiet_hours", "Quiet hours", "21:00-08:00 or none", "quiet_hours"),
    ("zone", "Time zone", "America/New_York", "zone"),
    ("place", "State or province", "FL", "place"),
    ("phone", "Number", "+1 212 555 0123", "phone_number"),
    ("name", "First name", "Ada", "first_name"),
    ("external_id", "Your id", "user_123", "external_id"),
)


def show_people(visit: Visit) -> Response:
    """A page of people by id; a whole id in the search leads to that person."""
    if "find" in visit.fields:
        user_id = find_user(visit.connection, visit.fields["find"])
        return RedirectResponse(f"{visit.templates.globals['base']}/people/{user_id}", 303)
    now, policy = visit.clock(), load(PolicySettings)
    which = {name: "1" for name in ("at_limit", "opted_out") if name in visit.fields}
    found = iterate_with_limits(
        visit.connection,
        now,
        visit.id("after") or FIRST_ID,
        at_limit="at_limit" in which,
        opted_out="opted_out" in which,
        # Of those who got texts, few are at their limit: they are read in larger pages.
        page=None if "at_limit" in which else PEOPLE,
    )
    rows = list(islice(found, PEOPLE))
    facts = [
        {**facts_of(read_user(visit.connection, str(row["user_id"]), now), policy, now), "at_limit": row["at_limit"]}
        for row in rows
    ]
    more = urlencode({**which, "after": str(rows[-1]["user_id"])}) if len(rows) == PEOPLE else ""
    return visit.page("people", people=facts, next_page=more)


def show_person(visit: Visit) -> Response:
    """One person: everything that `orchestrator user show` prints, what waits, and what can be changed."""
    now = visit.clock()
    record = read_user(visit.connection, str(visit.id("user_id")), now)
    user_id = record.person.user_id
    facts = facts_of(record, load(PolicySettings), now)
    zone = next(iter(record.person.zones), UTC)
    waiting = list_waiting_messages(visit.connection, WAITING, user_id)
    answer_hours = read_answer_hours(visit.connection, user_id)
    return visit.page(
        "person",
        person=facts,
        facts=[(LABELS.get(name, name.replace("_", " ")), show_fact(value)) for name, value in facts.items()],
        form=[(name, label, example, show_fact(facts[fact])) for name, label, example, fact in FORM],
        stopped_by=[describe_in_words(each, zone) for each in pauses_of_person(visit.connection, user_id, now)],
        opt_outs=[
            f"{format_time(each.opted_out_at, zone)}, {describe_opt_out(each.source, each.note, each.recorded_at)}"
            for each in list_opt_outs(visit.connection, user_id)
        ],
        hours=range(HOURS_OF_A_DAY),
        heat=heat_rows(answer_hours, "this person"),
        learning_off=bool(answer_hours.off_since),
        waiting=[(each, format_time(each.due, zone), explain(each.reason) if each.reason else "") for each in waiting],
    )
