"""For how long a question of an agent is open, so that what its person writes may be the answer."""

from datetime import timedelta

import pytest

from orchestrator.queries import RepliesPage
from tests.integration.test_query import ask
from tests.world import World

WEEK = timedelta(days=7)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(("after", "is_open"), [(WEEK - HOUR, True), (WEEK + HOUR, False)], ids=["almost", "more"])
def test_a_question_is_open_for_a_week(world: World, after: timedelta, is_open: bool) -> None:
    world.person()
    old = world.message(agent_id="travel_1", expects_reply=True, message_data={"type": "x", "message": "Where to?"})
    world.minute()
    asked_at = world.now
    world.wait(days=4)
    new = world.message(agent_id="billing_1", expects_reply=True, message_data={"type": "x", "message": "Pay?"})
    world.minute()
    world.travel_to(asked_at + after)
    world.writes("Yes")
    (reply,) = RepliesPage.model_validate(ask(world, action="replies", user_id="ada")).replies
    assert (reply.answers, reply.may_answer) == ((None, [old, new]) if is_open else (new, []))
