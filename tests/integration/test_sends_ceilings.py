"""Ceilings in the statement that reserves: which earlier texts count, and how those of one wave add up."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from orchestrator.store.wave_plan import Repeat
from tests.integration.test_sends_reserved import (
    ATTEMPT,
    CONVERSATION,
    HOUR,
    MESSAGE,
    OTHER,
    SECOND,
    USER,
    Wave,
    earlier,
    pause,
)
from tests.rows import Row, insert_rows, row_id
from tests.rows_by_name import number_of
from tests.world import World

TODAY, YESTERDAY, TOMORROW = date(2026, 3, 3), date(2026, 3, 2), date(2026, 3, 4)
DAY = timedelta(days=1)
MIDNIGHT = timedelta(hours=-15)  # of UTC


def text(user_id: UUID, ago: timedelta, **columns: Any) -> Row:
    return earlier(**{
        "user_id": user_id,
        "phone_number": "",
        "started_at": -ago,
        "holds_slot": False,
        "active_since": None,
        "reply_to": None,
        "agent_group": None,
        "agent_texts": None,
        **columns,
    })  # fmt: skip


def budget(user_id: UUID, day: date, sent: int) -> Row:
    return "user_message_budget", {"user_id": user_id, "date": day, "messages_sent": sent}


def text_of_others(user_id: UUID, ago: timedelta, status: str = "sent", direction: str = "outbound") -> Row:
    return "messages", {
        "id": uuid4(),
        "conversation_id": row_id(CONVERSATION, 500),
        "user_id": user_id,
        "role": "concierge",
        "content": "Hi",
        "direction": direction,
        "status": status,
        "created_at": -ago,
    }


Earlier = Callable[[UUID, UUID], list[Row]]


def nothing(_ada: UUID, _ben: UUID) -> list[Row]:
    return []


def day(ada: UUID, ben: UUID) -> list[Row]:
    return [budget(ada, TODAY, 1), budget(ben, TODAY, 1), budget(ada, YESTERDAY, 9), budget(ben, TOMORROW, 9)]


def hour(ada: UUID, ben: UUID) -> list[Row]:
    counted = [text(ada, HOUR - SECOND, holds_slot=True), text_of_others(ben, HOUR - SECOND)]
    too_old = [text(ben, HOUR, holds_slot=True), text_of_others(ada, HOUR)]
    return [*counted, *too_old, text(ada, SECOND), text_of_others(ben, SECOND, direction="inbound")]


SINCE = timedelta(minutes=-10)


def active(ada: UUID, ago: timedelta, texts: int = 1, **columns: Any) -> Row:
    return text(ada, ago, **{"active_texts": texts, "active_since": SINCE - SECOND, **columns})


def active_text(ada: UUID, ben: UUID) -> list[Row]:
    on_this: dict[str, Any] = {"active_since": SINCE}
    return [active(ben, SECOND, **on_this), active(ada, SECOND), active(ada, SECOND, **on_this, outcome="refused")]


def active_hour(ada: UUID, ben: UUID) -> list[Row]:
    return [active(ada, HOUR - SECOND, 3), active(ben, SECOND, outcome=None), active(ada, HOUR)]


def active_day(ada: UUID, ben: UUID) -> list[Row]:
    # A local day may have begun 26 hours ago.
    counted = [active(ada, 2 * HOUR, 9), active(ben, 26 * HOUR - SECOND, outcome="unknown")]
    return [*counted, active(ada, 26 * HOUR), active(ben, 2 * HOUR, 5, local_date=YESTERDAY)]


def replies(number: int, ada: UUID, ago: timedelta, **columns: object) -> list[Row]:
    return [text(ada, ago, **{"reply_to": SINCE - SECOND, **columns}) for _ in range(number)]


def reply_text(ada: UUID, ben: UUID) -> list[Row]:
    counted = [*replies(2, ada, SECOND, reply_to=SINCE), *replies(1, ben, SECOND, reply_to=SINCE)]
    return [*counted, *replies(3, ada, SECOND), *replies(1, ada, SECOND, reply_to=SINCE, outcome="refused")]


def reply_hour(ada: UUID, ben: UUID) -> list[Row]:
    return [*replies(27, ada, HOUR - SECOND, outcome=None), *replies(1, ben, SECOND), *replies(1, ada, HOUR)]


def reply_day(ada: UUID, ben: UUID) -> list[Row]:
    counted = [*replies(57, ada, HOUR), *replies(1, ben, 26 * HOUR - SECOND, outcome="unknown")]
    return [*counted, *replies(1, ada, 26 * HOUR), *replies(1, ada, HOUR, local_date=YESTERDAY)]


def law(ada: UUID, ben: UUID) -> list[Row]:
    counted = [text(ada, 24 * HOUR - SECOND, law_texts=2), text(ben, SECOND, law_texts=1, outcome=None)]
    return [*counted, text(ada, 24 * HOUR, law_texts=1), text(ben, SECOND, law_texts=1, outcome="refused")]


def agents(ada: UUID, _ben: UUID) -> list[Row]:
    counted = [("sales", HOUR - SECOND, 1, "accepted"), ("sales", SECOND, 2, None)]
    near = [("sales", HOUR, 1, "accepted"), ("sales", SECOND, 1, "refused"), ("help", SECOND, 1, "accepted")]
    return [
        # Whoever the texts went to.
        text(row_id(USER, 0) if place else ada, ago, agent_group=group, agent_texts=texts, outcome=outcome)
        for place, (group, ago, texts, outcome) in enumerate([*counted, *near])
    ]


# What the candidates count for, and what went before: it leaves room for two of the three.
CEILINGS: list[tuple[Earlier, dict[str, Any]]] = [
    (nothing, {"takes_slot": True, "day_cap": 2, "hour_cap": 2}),
    (day, {"takes_slot": True, "day_cap": 4}),
    (hour, {"takes_slot": True, "hour_cap": 4}),
    (active_text, {"active_texts": 1, "active_since": SINCE}),
    (active_hour, {"active_texts": 1, "active_since": SINCE}),
    (active_day, {"active_texts": 1, "active_since": SINCE}),
    (reply_text, {"reply_to": SINCE}),
    (reply_hour, {"reply_to": SINCE}),
    (reply_day, {"reply_to": SINCE}),
    (law, {"law_texts": 1, "law_cap": 5}),
    (agents, {"agent_texts": 1, "agent_group": "sales", "agent_cap": 5}),
]


def test_earlier_texts_and_those_of_the_wave_come_to_each_ceiling_and_no_further(world: World) -> None:
    """The second of three candidates is of another person with the same phone."""
    wave = Wave(world)
    busy = wave.person()
    # Somebody to whom much went, and whose own candidate has no ceiling.
    much = {"active_texts": 9, "active_since": SINCE, "reply_to": SINCE, "law_texts": 9, "holds_slot": True}
    wave.candidate("no ceiling", busy, agent_group="sales")
    talk = {"id": row_id(CONVERSATION, 500), "user_id": row_id(USER, busy), "phone_number": "+14155550100"}
    history = [("conversations", talk), budget(row_id(USER, busy), TODAY, 9), text(row_id(USER, busy), SECOND, **much)]
    for went_before, given in CEILINGS:
        ada, name = wave.person(), went_before.__name__
        ben = wave.person(phone_number=f"(212) 555-01{ada:02}")
        changes: dict[str, Any] = {
            column: world.now + change if isinstance(change, timedelta) else change for column, change in given.items()
        }
        own: dict[str, Any] = {"takes_slot": False, "phone_number": number_of(ada)}
        for place, owner in enumerate((ada, ben, ada), 1):
            wave.candidate(f"{name} {place}", owner, **{**own, **changes})
        history += went_before(row_id(USER, ada), row_id(USER, ben))
    wave.rows.extend(history)
    went, _ = wave.reserve()
    assert went == {"no ceiling", *(f"{before.__name__} {place}" for before, _ in CEILINGS for place in (1, 2))}


def test_limits_of_agents_and_days_are_counted_apart(world: World) -> None:
    wave = Wave(world)

    def candidate(name: str, **changes: Any) -> None:
        wave.candidate(name, wave.person(), **changes)

    candidate("a sequence longer than the limit, alone", agent_group="a", agent_cap=3, agent_texts=5)
    candidate("a sequence longer than the limit, after a text", agent_group="b", agent_cap=3, agent_texts=5)
    wave.rows.append(text(row_id(USER, 0), SECOND, agent_group="b", agent_texts=1))
    candidate("an agent that may send nothing", agent_group="c", agent_cap=0, agent_texts=1)
    candidate("a later part, which counts for nothing", agent_group="c", agent_cap=0, agent_texts=0)
    candidate("the one text of a limit of one", agent_group="d", agent_cap=1, agent_texts=1)
    candidate("the last of today", day_cap=1)
    today = wave.places - 1
    wave.candidate("one more today", today, day_cap=1)
    wave.candidate("the last of tomorrow", today, day_cap=1, local_date=TOMORROW)
    went, _ = wave.reserve()
    assert went == {
        "a sequence longer than the limit, alone",
        "a later part, which counts for nothing",
        "the one text of a limit of one",
        "the last of today",
        "the last of tomorrow",
    }


def test_a_candidate_that_says_what_the_person_got_is_returned_with_that_text(world: World) -> None:
    wave = Wave(world)
    said = {"compared_since": world.now - DAY, "words_digest": "Hi"}

    def got(name: str, *rows: dict[str, Any], **changes: Any) -> None:
        """A candidate for a person to whom these texts went."""
        place = wave.places
        wave.candidate(name, wave.person(), **{**said, **changes})
        usual = {"words_digest": "Hi", "data_digest": None, "holds_slot": True, "undelivered_at": None}
        for nth, row in enumerate(rows):
            known: dict[str, Any] = {
                "message_id": row_id(OTHER, 10 * place + nth),
                "phone_number": number_of(place),
                **usual,
            }
            wave.rows.append(text(row_id(USER, place), **{"ago": HOUR, **known, **row}))

    old, near = HOUR, 2 * HOUR
    got("the words twice, the newer counts", {"ago": near}, {"ago": old}, {"ago": 3 * HOUR})
    got("the data", {"words_digest": "Hello", "data_digest": "d", "holds_slot": False}, data_digest="d")
    got("the words to the second", {"ago": DAY - SECOND, "outcome": None})
    got("the words, and it is opted out", {})
    wave.rows.append(("orchestrator.opt_outs", {"phone_number": number_of(3), "source": "test", "opted_out_at": -HOUR}))
    repeats = {(place, nth, ago) for place, nth, ago in ((0, 1, old), (1, 0, HOUR), (2, 0, DAY - SECOND))}
    got("other words, other data", {"words_digest": "Hello", "data_digest": "d"}, data_digest="e")
    got("the words at the instant before", {"ago": DAY})
    got("the words, refused", {"outcome": "refused", "holds_slot": False})
    got("the words, not delivered", {"undelivered_at": -SECOND}, {"undelivered_at": -SECOND, "holds_slot": False})
    got("the words of its own first try", {"message_id": row_id(MESSAGE, 8)})
    got("the words may be repeated", {}, compared_since=None)
    # A repeat takes no place from the next one.
    wave.candidate("another one to the first person", 0, hour_cap=4)
    went, found = wave.reserve()
    assert went == {*list(wave.names.values())[4:]}
    assert found == {
        Repeat(row_id(ATTEMPT, place), row_id(OTHER, 10 * place + nth), world.now - ago) for place, nth, ago in repeats
    }


# What Twilio may cost in a day -------------------------------------------------------------------------------------------


def spent(usd: str, day: date = TODAY) -> Row:
    return "orchestrator.spending_shards", {"day": day, "shard": 0, "cost_usd": 0, "texts": 1, "segments": 1, "twilio_usd": usd}  # fmt: skip


def resumed(at: timedelta = MIDNIGHT, **columns: object) -> Row:
    spending: dict[str, Any] = {"scope": "spending", "value": "", "paused_at": at, "ends_at": at}
    return pause(**spending | columns)


BOTH, URGENT, NONE = {"high", "urgent"}, {"urgent"}, set[str]()
# The text of each candidate costs a cent; the ceilings are 10 and 20 US dollars.


@pytest.mark.parametrize(
    ("before", "goes", "total", "paused"),
    [
        pytest.param([spent("9.97")], BOTH, "9.99", [], id="two cents and one below the ceiling"),
        pytest.param([spent("9.98")], BOTH, "10.00", [""], id="the wave reaches the ceiling"),
        pytest.param([spent("9.99")], BOTH, "10.01", [""], id="a cent below the ceiling"),
        pytest.param([spent("10")], URGENT, "10.01", [""], id="at the ceiling"),
        pytest.param([("orchestrator.spending", {"day": TODAY, "cost_usd": 0, "texts": 0, "segments": 0, "twilio_usd": 10})], URGENT, "10.01", [""], id="at the ceiling, in the former table"),
        pytest.param([spent("19.99")], URGENT, "20.00", ["", "urgent"], id="the wave reaches the second ceiling"),
        pytest.param([spent("20")], NONE, "20.00", ["", "urgent"], id="at the second ceiling"),
        pytest.param([spent("30", YESTERDAY), spent("30", TOMORROW)], BOTH, "", [], id="other days"),
        pytest.param([spent("10"), resumed()], BOTH, "", [], id="resumed at midnight"),
        pytest.param([spent("19.98"), resumed()], BOTH, "20.00", ["urgent"], id="resumed, up to the second ceiling"),
        pytest.param([spent("20"), resumed()], NONE, "20.00", ["urgent"], id="resumed, at the second ceiling"),
        pytest.param([spent("10"), resumed(MIDNIGHT - SECOND)], URGENT, "10.01", [""], id="resumed yesterday"),
        pytest.param([spent("10"), resumed(ends_at=-SECOND)], URGENT, "", [], id="a pause of today that ended by itself"),
        pytest.param([spent("10"), resumed(value="urgent")], URGENT, "10.01", [""], id="the urgent ones are resumed"),
        pytest.param([spent("10"), resumed(scope="everything")], URGENT, "10.01", [""], id="something else is resumed"),
    ],
)  # fmt: skip
def test_what_twilio_may_cost_in_a_day(
    world: World, before: list[Row], goes: set[str], total: str, paused: list[str]
) -> None:
    wave = Wave(world)
    for lane in ("high", "urgent"):
        wave.candidate(lane, wave.person(), {"priority": lane})
    insert_rows(world, *before)
    went, _ = wave.reserve(ceiling=10.0, urgent_ceiling=20.0)
    assert went == goes
    tomorrow = world.now + MIDNIGHT + DAY
    new = "SELECT scope, value, note, paused_at, ends_at FROM orchestrator.pauses WHERE note IS NOT NULL ORDER BY value"
    assert world.all(new) == [
        ("spending", value, f"Twilio has cost {total} USD today", world.now, tomorrow) for value in paused
    ]
    costs = Decimal("0.01") * len(goes)
    assert world.all(
        "SELECT texts, segments, twilio_usd FROM orchestrator.spending_shards WHERE day = %s AND shard > 0", TODAY
    ) == ([(len(goes), len(goes), costs)] if goes else [])
