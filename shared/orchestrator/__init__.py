"""The Message Orchestrator: what an agent imports."""

from orchestrator.async_client import AsyncMessageOrchestrator
from orchestrator.client import MessageOrchestrator
from orchestrator.errors import (
    DatabaseExtraMissing,
    InvalidMessage,
    InvalidQuery,
    MessageNotSent,
    MissingCredentials,
    MissingRegion,
    MissingResource,
    NotAllowed,
    OrchestratorError,
    PublishFailed,
    QueryFailed,
    SettingsError,
    UnknownUser,
)
from orchestrator.messages import Lane, Message
from orchestrator.queries import Budget, MessageStatus, PersonReply, Preview, Progress, RepliesPage

__all__ = [
    "AsyncMessageOrchestrator",
    "Budget",
    "DatabaseExtraMissing",
    "InvalidMessage",
    "InvalidQuery",
    "Lane",
    "Message",
    "MessageNotSent",
    "MessageOrchestrator",
    "MessageStatus",
    "MissingCredentials",
    "MissingRegion",
    "MissingResource",
    "NotAllowed",
    "OrchestratorError",
    "PersonReply",
    "Preview",
    "Progress",
    "PublishFailed",
    "QueryFailed",
    "RepliesPage",
    "SettingsError",
    "UnknownUser",
]
