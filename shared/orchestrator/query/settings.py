"""What the query function needs: it decides as enqueue and deliver do, and asks neither Claude nor Twilio."""

from orchestrator.settings import DatabaseSettings, PolicySettings, WordsSettings


class QuerySettings(DatabaseSettings, PolicySettings, WordsSettings):
    """The database, the rules' defaults, and what the words of a text depend on."""
