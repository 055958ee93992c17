"""The Message Orchestrator: what an agent imports."""

from orchestrator.client import MessageOrchestrator
from orchestrator.errors import (
    DatabaseExtraMissing,
    InvalidMessage,
    OrchestratorError,
    PublishFailed,
    SettingsError,
    UnknownUser,
)
from orchestrator.messages import Lane, Message

__all__ = [
    "DatabaseExtraMissing",
    "InvalidMessage",
    "Lane",
    "Message",
    "MessageOrchestrator",
    "OrchestratorError",
    "PublishFailed",
    "SettingsError",
    "UnknownUser",
]
