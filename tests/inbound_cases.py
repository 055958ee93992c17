"""Cases of inbound texts: what people write in one batch, beside rows that almost belong to them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection

from tests.rows_by_name import columns_of, id_of, number_of, put
from tests.state_cases import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    OTHER,
    SECOND,
    SHARER,
    USUAL,
    Row,
    attempt,
    one_of,
    opt_out,
    queued,
)

# The number of the case's person.
THEIRS = "theirs"
PICTURE = {"url": "https://a", "content_type": "image/png"}


@dataclass
class Text:
    """An inbound text, and what is stored of it; `None` as `kind` stands for a text of which nothing is stored."""

    content: str
    kind: str = "conversation"
    final: str | None = "conversation"
    opens: bool = True
    answers: str | None = None
    may_answer: Sequence[str | UUID] | None = None
    at: timedelta = timedelta(0)
    sid: str = ""
    is_sms: bool = True
    is_new: bool = True
    of: str = ""
    id: str = ""
    talk: str = ""
    media: Sequence[Mapping[str, str]] = ()


@dataclass
class Case:
    """A person, the rows of before, and what they write. Rows without a time are of an hour ago."""

    name: str
    texts: Sequence[Text]
    rows: Sequence[Row] = ()
    has_sharer: bool = False


def written(content: str = "", of: str | None = None, **columns: Any) -> Row:
    return "messages", of, {"content": content, "created_at": NOW - HOUR, **columns}


def talk(name: str, of: str | None = None, **columns: Any) -> Row:
    return "conversations", of, {"id": id_of(name), "status": "active", "created_at": NOW - HOUR, **columns}


def start(**columns: Any) -> Row:
    return one_of("readings", **{"kind": "start", "received_at": NOW, **columns})


def asked(name: str | UUID, ago: timedelta, agent_id: str = "coach", asks: bool = True, **columns: Any) -> list[Row]:
    """A text that went, and its attempt."""
    named = id_of(name) if isinstance(name, str) else name
    return [
        queued(id=named, agent_id=agent_id, expects_reply=asks, status="sent"),
        attempt(message_id=named, started_at=NOW - ago, **columns),
    ]


# Of two people whom we never texted, it is the one whose id is lower.
_ONE = "shares a phone, and no one was texted"
NOT_TEXTED = SHARER if id_of(f"{_ONE}, {SHARER}") < id_of(_ONE) else ""

ZERO = timedelta(0)
# Attempts that a text of now answers none of: whose they are, and what is not as usual.
NOT_ANSWERED: list[tuple[str | None, dict[str, object]]] = [
    (OTHER, {}),
    (None, {"outcome": "refused"}),
    (None, {"undelivered_at": NOW}),
    (None, {"started_at": NOW + SECOND}),
]
CASES = [
    Case("says yes to START", [Text("Yes", "yes", "start")], [opt_out(ended_at=NOW), opt_out(ended_at=NOW)]),
    Case(
        "says yes, and no opt-out ended",
        [Text("Yes", "yes", "conversation")],
        [opt_out(ended_at=NOW - SECOND), opt_out(ended_at=NOW, phone_number=number_of(998))],
    ),
    Case("says other words when an opt-out ends", [Text("Yes please")], [opt_out(ended_at=NOW)]),
    Case("may wish to stop", [Text("Enough", "unjudged", "unjudged")]),
    Case("may wish to stop, and is opted out", [Text("Enough", "unjudged", "conversation")], [opt_out()]),
    Case("the person said START at that time", [Text("Enough", "unjudged", "conversation")], [start()]),
    Case(
        "the person said START after it",
        [Text("Enough", "unjudged", "conversation")],
        [start(received_at=NOW + SECOND)],
    ),
    Case(
        "the person said START before it",
        [Text("Enough", "unjudged", "unjudged")],
        [
            start(received_at=NOW - SECOND),
            start(kind="conversation"),
            start(phone_number=number_of(998)),
        ],
    ),
    Case("says STOP, and is opted out", [Text("Stop", "stop", "stop")], [opt_out(), start()]),
    Case("sends the same words again", [Text("i am: AWAY!", opens=False)], [written("I am away.")]),
    Case("sends the same words at the same time", [Text("Away", opens=False)], [written("Away", created_at=NOW)]),
    Case("sends nothing, and sent nothing", [Text("")], [written("")]),
    Case("sends nothing but a sign, and nothing before", [Text("!", opens=False)]),
    Case("writes over another channel", [Text("Hi", opens=False, is_sms=False)]),
    Case(
        "sent the same words, and others after them",
        [Text("Away")],
        [
            written("Away", created_at=NOW - 2 * HOUR),
            written("Back"),
            written("Away", created_at=NOW - MINUTE, direction="outbound"),
            written("Away", created_at=NOW - MINUTE, role="coach"),
            written("Away", created_at=NOW + SECOND),
            written("Away", OTHER, created_at=NOW - MINUTE),
        ],
    ),
    Case(
        "sends the same words twice in a batch",
        [Text("Away", at=SECOND, opens=False), Text("Away"), Text("Back", at=2 * SECOND), Text("Away", at=3 * SECOND)],
    ),
    Case("two texts of one instant", [Text("Away", sid="b"), Text("Back", sid="a")], [written("Away")]),
    Case(
        "answers the last text",
        [Text("Hi", answers="newer")],
        [*asked("older", HOUR, asks=False), *asked("newer", MINUTE, asks=False)],
    ),
    *(
        Case(
            f"answers a text with outcome {outcome}, {slot}",
            [Text("Hi", answers=f"with outcome {outcome}, {slot}")],
            [
                *asked(f"with outcome {outcome}, {slot}", HOUR, asks=False, outcome=outcome, holds_slot=slot == "slot"),
                attempt(started_at=NOW - 2 * HOUR, holds_slot=slot == "slot"),
                *(attempt(of, holds_slot=holds, **own) for holds in (True, False) for of, own in NOT_ANSWERED),
            ],
        )
        for outcome in (None, "accepted", "unknown")
        for slot in ("slot", "no slot")
    ),
    Case("answers a text of that time", [Text("Hi", answers="of that time")], asked("of that time", ZERO, asks=False)),
    Case(
        "answers a text of that time, with a slot",
        [Text("Hi", answers="slot of that time")],
        asked("slot of that time", ZERO, asks=False, holds_slot=True),
    ),
    *(
        Case(
            f"answers the second of two texts of one time, {slots}",
            [Text("Hi", answers=f"second, {slots}")],
            [
                *asked(f"first, {slots}", HOUR, asks=False, id=UUID(int=10 + place), holds_slot=slots[0]),
                *asked(f"second, {slots}", HOUR, asks=False, id=UUID(int=20 + place), holds_slot=slots[1]),
                *asked(f"before, {slots}", DAY, asks=False, id=UUID(int=30 + place), holds_slot=slots[0]),
            ],
        )
        for place, slots in enumerate([(True, True), (True, False), (False, True), (False, False)])
    ),
    Case(
        "answers the last text, which took no slot",
        [Text("Hi", answers="last, without a slot")],
        [
            *asked("older, with a slot", HOUR, asks=False, holds_slot=True),
            *asked("last, without a slot", MINUTE, asks=False),
        ],
    ),
    Case(
        "answers the question",
        [Text("Hi", answers="question")],
        [*asked("question", HOUR), *asked("news", MINUTE, asks=False)],
    ),
    Case(
        "answers a question, and another text after it",
        [Text("Yes", answers="question before it"), Text("At ten", at=SECOND, answers="news after it")],
        [*asked("question before it", HOUR), *asked("news after it", MINUTE, asks=False)],
    ),
    Case(
        "answers a question with the first of two texts of one instant",
        [Text("At ten", sid="b", answers="later news"), Text("Yes", sid="a", answers="question of old")],
        [*asked("question of old", HOUR), *asked("later news", MINUTE, asks=False)],
    ),
    Case(
        "may answer questions of one instant",
        [Text("Yes", may_answer=[UUID(int=3), UUID(int=2)])],
        [
            *asked(UUID(int=1), MINUTE, "crm"),
            *asked(UUID(int=3), MINUTE, "crm"),
            *asked(UUID(int=2), MINUTE, "bank"),
        ],
    ),
    Case(
        "may answer two agents",
        [Text("Yes", "unjudged", "unjudged", may_answer=["of crm", "of bank"])],
        [
            *asked("of crm", MINUTE, "crm"),
            *asked("of bank", HOUR, "bank"),
            *asked("of crm before", 90 * MINUTE, "crm"),
            *asked("after it", -MINUTE, "shop"),
            *asked("of a week ago", 7 * DAY, "club"),
        ],
    ),
    Case("answers none with STOP", [Text("Stop", "stop", "stop")], asked("a question before STOP", HOUR)),
    Case("answers none by itself", [Text("Away", opens=False)], [*asked("a question", 2 * HOUR), written("Away")]),
    Case(
        "has a conversation",
        [Text("Hi", talk="an open talk", at=-MINUTE), Text("Ho", at=SECOND, talk="an open talk")],
        [
            talk("an open talk", last_message_at=NOW - HOUR),
            talk("a closed talk", status="closed", created_at=NOW),
            talk("a talk of another", OTHER, created_at=NOW),
        ],
    ),
    Case(
        "has a newer conversation",
        [Text("Hi", talk="a talk ahead")],
        [talk("a talk ahead", last_message_at=NOW + HOUR)],
    ),
    Case(
        "shares a phone, and was texted last",
        [Text("Hi", answers="last of both")],
        [
            *asked("last of both", MINUTE, asks=False, phone_number=THEIRS),
            attempt(SHARER, started_at=NOW - HOUR, phone_number=THEIRS),
            attempt(SHARER, started_at=NOW),
        ],
        has_sharer=True,
    ),
    Case(
        "shares a phone, and the other one was texted last",
        [Text("Hi", of=SHARER, answers="shares a phone, and the other one was texted last, row 1")],
        [attempt(started_at=NOW - HOUR, phone_number=THEIRS), attempt(SHARER, holds_slot=True, phone_number=THEIRS)],
        has_sharer=True,
    ),
    Case(
        "shares a phone, and only the other one was texted",
        [Text("Hi", of=SHARER, answers="shares a phone, and only the other one was texted, row 0")],
        [attempt(SHARER, phone_number=THEIRS)],
        has_sharer=True,
    ),
    Case(_ONE, [Text("Hi", of=NOT_TEXTED)], has_sharer=True),
    Case("has a dead number", [Text("Hi")], [one_of("numbers", changed_at=NOW)]),
    Case("had a dead number afterwards", [Text("Hi")], [one_of("numbers", changed_at=NOW + SECOND)]),
    Case("has a dead number and writes nothing", [], [one_of("numbers", changed_at=NOW - DAY)]),
    Case("sends pictures", [Text("", media=[PICTURE, {**PICTURE, "url": "https://b"}])]),
    Case(
        "writes again what is stored",
        [Text("Hi", "conversation", None, is_new=False, id="a stored text")],
        [start(inbound_id=id_of("a stored text"), user_id=id_of(OTHER), received_at=NOW - HOUR)],
    ),
    Case(
        "writes what is stored without being registered",
        [
            Text(
                "Hi",
                "conversation",
                None,
                id="an unregistered text",
                media=[PICTURE],
                talk="new talk of an unregistered text",
            )
        ],
        [written("Hi", id=id_of("an unregistered text"))],
    ),
    Case("was active later", [Text("Hi")]),
    Case("was active before", [Text("Hi", at=-HOUR), Text("Ho", at=-MINUTE)]),
]
# When people were last active before and after it; of the others it was never, and is now.
BEFORE = {"was active later": NOW + HOUR, "was active before": NOW - DAY}
LAST_ACTIVE = {"was active later": NOW + HOUR, "was active before": NOW - MINUTE}
# Texts of a number that no person has, and whether they are new.
UNKNOWN = {"unknown": True, "unknown, known": True, "unknown, not new": False}


def put_people(connection: Connection) -> None:
    """Insert the people of the cases and the rows of before."""
    tables: dict[str, list[dict[str, object]]] = defaultdict(list)
    tables["users"] = [{"id": id_of(OTHER), "phone_number": number_of(999)}]
    tables["conversations"] = [{"id": id_of("talk"), "user_id": id_of(OTHER), "phone_number": number_of(999)}]
    for place, case in enumerate(CASES):
        people = {None: id_of(case.name), OTHER: id_of(OTHER), SHARER: id_of(f"{case.name}, {SHARER}")}
        number = number_of(place)
        person = {"id": people[None], "phone_number": number, "last_active_at": BEFORE.get(case.name)}
        tables["users"].append(person)
        if case.has_sharer:
            spelling = f"({number[2:5]}) {number[5:8]}-{number[8:]}"
            tables["users"].append({"id": people[SHARER], "phone_number": spelling})
        for index, (table, of, given) in enumerate(case.rows):
            row_id = id_of(f"{case.name}, row {index}")
            of_case = {
                **dict.fromkeys(("id", "inbound_id", "message_id"), row_id),
                "user_id": people[of],
                "phone_number": number,
                "conversation_id": id_of("talk"),
            }
            known = {name: value for name, value in of_case.items() if name in columns_of(connection, table)}
            own = {name: number if value == THEIRS else value for name, value in given.items()}
            tables[table].append(known | USUAL.get(table, {}) | own)
    for table, rows in tables.items():
        put(connection, table, rows)


def texts() -> dict[str, tuple[Case, Text, str]]:
    """Each text by its name, with its case and number; in another order than they were written in."""
    named = {
        text.id or f"{case.name}, text {place}": (case, text, number_of(number))
        for number, case in enumerate(CASES)
        for place, text in enumerate(case.texts)
    }
    return dict(reversed(named.items()))
