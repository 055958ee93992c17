"""Which messages the texts of Twilio's list were, after a restore; and the last STOP or START of each number."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.maintenance.recover import last_words, match_texts
from orchestrator.sms.message_list import CLOCK_SKEW, ListedText, words_key
from orchestrator.store.recovery import LastIntent, UnsentMessage
from tests.unit.test_evidence import NOON, moments, numbers, texts, words

waiting = st.lists(
    st.builds(UnsentMessage, st.uuids(), numbers, st.one_of(st.none(), words), moments, moments, st.just(None)),
    max_size=5,
)


@given(texts, waiting)
def test_every_text_is_one_message_or_is_unmatched(texts: list[ListedText], waiting: list[UnsentMessage]) -> None:
    match = match_texts(texts, waiting)
    sids = [text.sid for text in match.sent.values()] + [text.sid for text in match.unmatched]
    assert sorted(sids) == sorted(text.sid for text in texts)
    by_id: dict[UUID, UnsentMessage] = {message.message_id: message for message in waiting}
    for message_id, text in match.sent.items():
        assert (by_id[message_id].phone_number, by_id[message_id].words) == (text.person, text.body)
    for message_id in match.doubtful:
        message = by_id[message_id]
        unmatched = [text for text in match.unmatched if text.person == message.phone_number]
        assert any(message.words is None or message.due <= text.created_at + CLOCK_SKEW for text in unmatched)


def test_a_message_without_stored_words_is_doubtful_only_beside_an_unmatched_text() -> None:
    rendered = UnsentMessage(uuid4(), "+12125550101", None, NOON, NOON, None)
    verbatim = UnsentMessage(uuid4(), "+12125550101", "Hello", NOON, NOON, None)
    later = NOON + timedelta(minutes=5)
    hello = ListedText("SM1", "+12125550101", "Hello", later, inbound=False, status="sent")
    assert match_texts([hello], [rendered, verbatim]).doubtful == []
    other = ListedText("SM2", "+12125550101", "Hi Ada!", later, inbound=False, status="sent")
    assert match_texts([hello, other], [rendered, verbatim]).doubtful == [rendered.message_id]
    before = ListedText("SM3", "+12125550101", "Hi Ada!", NOON - timedelta(hours=1), inbound=False, status="sent")
    assert match_texts([before], [rendered]).doubtful == []


@pytest.mark.parametrize(
    "listed",
    [
        "It\u2019s \u201cready\u201d \u2014 see you at 5\u2026",
        "It's 'ready' - see you at 5...",
        'Sent from your Twilio trial account - It\'s "ready" - see you at 5...',
        'It\'s \u00a0"ready"\n-  see you at 5...',
    ],
)
def test_twilios_spelling_of_a_text_is_recognised(listed: str) -> None:
    assert words_key(listed) == words_key('It\'s "ready" - see you at 5...')
    assert words_key(listed) != words_key('It\'s "ready" - see you at 6...')


@pytest.mark.parametrize("body", ["Prefix of another kind: Hello", ""], ids=["another prefix", "redacted"])
def test_a_text_that_matches_nothing_makes_what_was_due_doubtful_not_free(body: str) -> None:
    due = UnsentMessage(uuid4(), "+12125550101", "Hello", NOON, NOON, None)
    later = UnsentMessage(uuid4(), "+12125550101", "See you", NOON, NOON + timedelta(days=1), None)
    of_another = UnsentMessage(uuid4(), "+12125550102", "Hello", NOON, NOON, None)
    listed = ListedText("SM1", "+12125550101", body, NOON + timedelta(minutes=5), inbound=False, status="sent")
    match = match_texts([listed], [due, later, of_another])
    assert (match.sent, match.doubtful) == ({}, [due.message_id])


def test_smileys_are_words_too() -> None:
    assert words_key("\U0001f600") != words_key("\U0001f44d")


def test_the_last_stop_or_start_of_a_number_counts() -> None:
    ada, ben, cleo, dana = (f"+1212555010{number}" for number in range(1, 5))
    written = [
        (ada, "STOP", 2), (ada, "start", 1), (ben, "stop", 1), (ben, "YES", 2), (ben, "hello", 3), (cleo, "hello", 1),
    ]  # fmt: skip
    texts = [
        ListedText(
            f"SM{number}{minute}", number, body, NOON + timedelta(minutes=minute), inbound=True, status="received"
        )
        for number, body, minute in written
    ]
    sent_by_us = ListedText("SM0", dana, "STOP", NOON, inbound=False, status="sent")
    assert last_words([*texts, sent_by_us]) == [
        LastIntent(ada, is_stop=True, at=NOON + timedelta(minutes=2)),
        LastIntent(ben, is_stop=False, at=NOON + timedelta(minutes=2)),
    ]


@pytest.mark.parametrize("bodies", [("STOP", "START"), ("START", "STOP")])
def test_of_a_stop_and_a_start_in_one_second_the_stop_counts(bodies: tuple[str, str]) -> None:
    ada = "+12125550101"
    texts = [ListedText(f"SM{body}", ada, body, NOON, inbound=True, status="received") for body in bodies]
    assert last_words(texts) == [LastIntent(ada, is_stop=True, at=NOON)]
