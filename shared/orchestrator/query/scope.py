"""Whose messages a caller may see: the alias that it invoked decides it, and nothing that it sends.

IAM decides who may invoke which alias, and Lambda puts the invoked ARN into the context: "The Amazon Resource Name
(ARN) that's used to invoke the function. Indicates if the invoker specified a version number or alias"
(docs.aws.amazon.com/lambda/latest/dg/python-context.html). The alias `live` sees everything. The alias of an agent is
`agent-` and the prefix of its ids, so that no table has to be kept: see `alias_of`.
"""

import re
from dataclasses import dataclass

from orchestrator.errors import InvalidQuery
from orchestrator.ids import LONGEST_NAME, normal_agent_id

# The alias that a deploy moves, and that sees every message.
LIVE = "live"
_OF_AGENT = "agent-"
# The longest alias (API reference of Lambda, CreateAlias: 1 to 128 of [a-zA-Z0-9-_]).
_LONGEST_ALIAS = 128
_ESCAPE = re.compile(r"_([0-9a-f]{2})")


@dataclass(frozen=True, slots=True)
class CallerScope:
    """The messages that a caller sees: all of them, or those of the agents with this prefix."""

    agent_prefix: str | None = None


EVERYTHING = CallerScope()


def alias_of(agent_prefix: str) -> str:
    """The alias for the agents with a prefix: letters, digits and hyphens stand, the rest is `_` and its code in hex.

    Raises:
        InvalidQuery: it is no prefix of an agent's id, or its alias would be longer than Lambda allows.

    Example:
        >>> alias_of("billing_eu/")
        'agent-billing_5feu_2f'
    """
    normal = normal_agent_id(agent_prefix)
    if not normal or len(normal) > LONGEST_NAME:
        raise InvalidQuery(
            "not_allowed", "is no prefix of an agent's id", "Use up to 100 characters of printable ASCII"
        )
    alias = _OF_AGENT + re.sub(r"[^a-z0-9-]", lambda found: f"_{ord(found[0]):02x}", normal)
    if len(alias) > _LONGEST_ALIAS:
        raise InvalidQuery("not_allowed", "needs an alias of over 128 characters", "Use a shorter prefix")
    return alias


def scope_of(invoked_function_arn: str) -> CallerScope:
    """The scope of an invocation.

    Raises:
        InvalidQuery: no alias was invoked, or one that names no scope. A version number, and the function without an
            alias, see nothing, so that a mistake in a policy widens no scope.
    """
    # arn:partition:lambda:region:account:function:name[:qualifier]
    parts = invoked_function_arn.split(":")
    alias = parts[7] if len(parts) == 8 else ""
    if alias == LIVE:
        return EVERYTHING
    if alias.startswith(_OF_AGENT):
        prefix = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), alias.removeprefix(_OF_AGENT))
        # Only the one alias that `alias_of` makes of the prefix.
        if prefix and normal_agent_id(prefix) == prefix and alias_of(prefix) == alias:
            return CallerScope(prefix)
    fix = "Invoke the alias live, or the alias of the agent (`orchestrator agent alias PREFIX`)"
    raise InvalidQuery("not_allowed", "the invoked alias names no scope", fix)
