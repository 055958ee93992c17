"""Which of Twilio's texts prove which attempts, and which prove nothing."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.delivery.evidence import match_attempts
from orchestrator.maintenance.recover import match_texts
from orchestrator.sms.message_list import CLOCK_SKEW, ListedText
from orchestrator.store.recovery import UnsentMessage
from orchestrator.store.settlement import OpenAttempt

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
# Few of each, so that many are alike.
numbers = st.sampled_from(["+12125550101", "+12125550102"])
words = st.sampled_from(["Hello", "Bye"])
moments = st.integers(-5, 5).map(lambda minutes: NOON + timedelta(minutes=minutes))
texts = st.lists(
    st.builds(
        ListedText,
        sid=st.uuids().map(lambda found: f"SM{found.hex}"),
        person=numbers,
        body=words,
        created_at=moments,
        inbound=st.just(False),
        status=st.just("delivered"),
    ),
    max_size=6,
)
attempts = st.lists(st.builds(OpenAttempt, st.uuids(), numbers, words, moments), max_size=5)


@given(attempts, texts)
def test_each_proof_is_a_text_of_its_own_with_the_same_number_and_words(
    attempts: list[OpenAttempt], texts: list[ListedText]
) -> None:
    proofs = match_attempts(attempts, texts, known=set())
    by_sid = {text.sid: text for text in texts}
    by_id = {attempt.attempt_id: attempt for attempt in attempts}
    assert len(set(proofs.values())) == len(proofs)
    for attempt_id, sid in proofs.items():
        attempt, text = by_id[attempt_id], by_sid[sid]
        assert (text.person, text.body) == (attempt.phone_number, attempt.words)


@given(attempts, texts)
def test_a_known_text_proves_nothing(attempts: list[OpenAttempt], texts: list[ListedText]) -> None:
    assert match_attempts(attempts, texts, known={text.sid for text in texts}) == {}


@given(attempts, texts)
def test_where_texts_are_fewer_than_attempts_alike_none_of_them_is_proven(
    attempts: list[OpenAttempt], texts: list[ListedText]
) -> None:
    proofs = match_attempts(attempts, texts, known=set())
    for attempt in attempts:
        alike = [a for a in attempts if (a.phone_number, a.words) == (attempt.phone_number, attempt.words)]
        since = min(a.started_at for a in alike) - CLOCK_SKEW
        candidates = [
            text
            for text in texts
            if (text.person, text.body) == (attempt.phone_number, attempt.words) and text.created_at >= since
        ]
        assert (attempt.attempt_id in proofs) == (len(candidates) >= len(alike))


waiting = st.lists(
    st.builds(UnsentMessage, st.uuids(), numbers, st.one_of(st.none(), words), moments, st.just(None)), max_size=5
)


@given(texts, waiting)
def test_after_a_restore_every_text_is_one_message_or_is_told_as_forgotten(
    texts: list[ListedText], waiting: list[UnsentMessage]
) -> None:
    match = match_texts(texts, waiting)
    sids = [text.sid for text in match.sent.values()] + [text.sid for text in match.unmatched]
    assert sorted(sids) == sorted(text.sid for text in texts)
    by_id: dict[UUID, UnsentMessage] = {message.message_id: message for message in waiting}
    for message_id, text in match.sent.items():
        assert (by_id[message_id].phone_number, by_id[message_id].words) == (text.person, text.body)
    for message_id in match.doubtful:
        assert by_id[message_id].words is None
        assert by_id[message_id].phone_number in {text.person for text in match.unmatched}


def test_a_message_with_words_yet_to_be_found_is_doubtful_only_where_a_text_is_unexplained() -> None:
    rendered = UnsentMessage(uuid4(), "+12125550101", None, NOON, None)
    verbatim = UnsentMessage(uuid4(), "+12125550101", "Hello", NOON, None)
    later = NOON + timedelta(minutes=5)
    hello = ListedText("SM1", "+12125550101", "Hello", later, inbound=False, status="sent")
    assert match_texts([hello], [rendered, verbatim]).doubtful == []
    other = ListedText("SM2", "+12125550101", "Hi Ada!", later, inbound=False, status="sent")
    assert match_texts([hello, other], [rendered, verbatim]).doubtful == [rendered.message_id]
    before = ListedText("SM3", "+12125550101", "Hi Ada!", NOON - timedelta(hours=1), inbound=False, status="sent")
    assert match_texts([before], [rendered]).doubtful == []
