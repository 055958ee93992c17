"""What texts are for (R15)."""

from enum import StrEnum


class Purpose(StrEnum):
    """What an agent's texts are for (R15). Its owner decides that; neither a model nor a message can."""

    TRANSACTIONAL = "transactional"
    INFORMATIONAL = "informational"
    MARKETING = "marketing"
