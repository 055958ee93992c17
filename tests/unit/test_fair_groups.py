"""In which group of a fair queue an agent's requests count."""

from orchestrator.fair_groups import group_of, group_of_lane
from orchestrator.messages import Lane, Request, build_message, build_reply, build_withdrawal

ORDINARY = [Lane.HIGH, Lane.MEDIUM, Lane.LOW]


def test_what_can_wait_is_in_fewer_than_ten_groups_however_many_agents_publish() -> None:
    groups = {group_of_lane(f"agent_{number}", lane) for number in range(1_000) for lane in ORDINARY}
    assert len(groups) == 9


def test_lanes_share_no_group_and_urgent_messages_have_one_for_each_agent() -> None:
    by_lane = [{group_of_lane(f"agent_{number}", lane) for number in range(50)} for lane in Lane]
    assert len(set().union(*by_lane)) == sum(map(len, by_lane)) == 50 + 9


def test_replies_and_withdrawals_are_groups_of_their_own() -> None:
    fields = {"user_id": "ada", "agent_id": "system", "message_data": {"type": "note"}, "priority": "urgent"}
    requests: list[Request] = [
        build_message(fields),
        build_reply(user_id="ada", content="Yes"),
        build_withdrawal(user_id="ada", topic="crm"),
    ]
    assert [group_of(request) for request in requests] == ["system urgent", "concierge reply", "withdraw"]
