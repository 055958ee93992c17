"""The page of agents: what each group publishes, its limit, whether it is throttled or paused, and what is held."""

from urllib.parse import urlencode

from starlette.responses import Response

from orchestrator.agents import PUBLISHER_KEY, Agent
from orchestrator.purpose import Purpose
from orchestrator.rules.pause_words import describe_in_words
from orchestrator.settings import PolicySettings, load
from orchestrator.store.agent_groups import MOST_COUNTED, list_agent_groups
from orchestrator.store.agents import list_agents
from orchestrator.store.pauses import list_pauses
from orchestrator_cli.agents import PAUSES_OF_AGENTS, Switch
from orchestrator_cli.console.visit import Visit
from orchestrator_cli.pauses import scope_to_resume

# Groups of a page.
GROUPS = 50


def show_agents(visit: Visit) -> Response:
    """A page of groups of agents, by key, and the form of their settings."""
    now = visit.clock()
    start_limit = load(PolicySettings).agent_start_limit
    found = list_agent_groups(visit.connection, now, start_limit, GROUPS, visit.fields.get("after", ""))
    pauses = [each for each in list_pauses(visit.connection, now) if each.scope in PAUSES_OF_AGENTS]
    settings = list_agents(visit.connection)
    return visit.page(
        "agents",
        groups=[
            {
                "use": use,
                # Agents without settings, which share the start limit of their publisher, are no prefix.
                "is_prefix": not use.group.key.startswith(PUBLISHER_KEY),
                "settings": next((each for each in settings if each.prefix == use.group.key), Agent(use.group.key)),
                "stops": [
                    (describe_in_words(each), scope_to_resume(each)) for each in pauses if each.value == use.group.key
                ],
            }
            for use in found.groups
        ],
        is_partly_counted=sum(sum(use.waiting.values()) for use in found.groups) >= MOST_COUNTED,
        next_page=urlencode({"after": found.next_after}) if found.next_after else "",
        purposes=list(Purpose),
        switches=list(Switch),
    )
