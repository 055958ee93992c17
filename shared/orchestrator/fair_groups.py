"""Groups for a fair queue: SQS serves groups that take little of the consumers before those that take much.

SQS counts a group as noisy above a tenth of what is in flight, or of the recent processing time
(docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html). What can wait is
therefore in fewer than ten groups: however many agents publish bulk at once, some groups are noisy, and what is urgent
passes them. With a group for each person no group would ever be noisy.
"""

from zlib import crc32

from orchestrator.messages import Lane, Message, Reply, Request

# Of each lane that can wait; three lanes have nine. Agents of different groups do not delay each other.
GROUPS_OF_A_LANE = 3


def group_of(request: Request) -> str:
    """The group of a request, by its agent and lane, or by what it asks for."""
    match request:
        case Message():
            return group_of_lane(request.agent_id, request.priority)
        case Reply():
            return f"{request.agent_id} reply"
    return request.action


def group_of_lane(agent_id: str, lane: Lane) -> str:
    """The group of an agent's messages in a lane."""
    if lane is Lane.URGENT:
        return f"{agent_id} urgent"
    return f"{lane} {crc32(agent_id.encode()) % GROUPS_OF_A_LANE}"
