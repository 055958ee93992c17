"""Chooses the stack that a command acts on: that of the environment, the local one, or a deployed one by its name."""

import functools
import inspect
import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import typer

from orchestrator.aws.secrets import secret_variables
from orchestrator.errors import OrchestratorError, SettingsError

# The running local stack writes the environment of its functions to this file.
LOCAL_STATE = Path(".local/environment.json")
# Outputs of the stack whose variables have another name.
_OTHER_NAMES = {"WEBHOOK_URL": "WEBHOOK_BASE_URL", "QUERY_FUNCTION_ARN": "QUERY_FUNCTION"}

# This process's own note of the stack that `--stack` named.
_STACK_VARIABLE = "ORCHESTRATOR_STACK"

_Local = Annotated[bool, typer.Option("--local", help="Act on the running local stack.")]
_Stack = Annotated[str | None, typer.Option("--stack", help="Act on the deployed stack of this name.", metavar="NAME")]

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def on_target(command: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Give a command the options `--local` and `--stack`, which set its environment before it runs."""

    @functools.wraps(command)
    def with_target(*arguments: Any, local: bool, stack: str | None, **options: Any) -> Result:
        if local and stack:
            raise typer.BadParameter("Give --local or --stack, not both.")
        if local:
            use_local_stack()
        if stack:
            use_deployed_stack(stack)
        return command(*arguments, **options)

    # Typer makes the options from the signature and the annotations.
    signature = inspect.signature(command)
    target_options = [
        inspect.Parameter("local", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=_Local),
        inspect.Parameter("stack", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_Stack),
    ]
    parameters = [*signature.parameters.values(), *target_options]
    with_target.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # read by Typer
    with_target.__annotations__ = {**command.__annotations__, "local": _Local, "stack": _Stack}
    return with_target  # type: ignore[return-value]  # Typer calls it, by the signature set above


def use_local_stack() -> None:
    """Replace this process's environment by that of the local stack.

    Raises:
        SettingsError: no local stack runs in this folder.
    """
    if not LOCAL_STATE.exists():
        raise SettingsError("--local: no local stack runs in this folder. Start it with `make local`.")
    os.environ.update(json.loads(LOCAL_STATE.read_text()))


def deployed_stack() -> str | None:
    """The name of the deployed stack that this process acts on; None for any other target."""
    return os.environ.get(_STACK_VARIABLE)


def use_deployed_stack(name: str) -> None:
    """Replace this process's environment by the parameters and outputs of a deployed stack.

    Raises:
        SettingsError: there is no such stack, or this role may not read it.
        OrchestratorError: the stack has no enqueue queue.
    """
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        (stack,) = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        raise SettingsError(f"--stack: {error.response['Error']['Message']}. Check the name and AWS_REGION.") from None
    except BotoCoreError as error:
        raise SettingsError(f"--stack: AWS cannot be reached: {error}") from None
    parameters = {p["ParameterKey"]: p["ParameterValue"] for p in stack.get("Parameters", [])}
    outputs = {o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])}
    if "EnqueueQueueUrl" not in outputs:
        raise OrchestratorError(f"The stack {name} is not a Message Orchestrator, or its first deploy did not finish.")
    # The stack has these in its secrets; a value of this shell or of .env would belong to another stack.
    for variable in secret_variables():
        os.environ.pop(variable, None)
    os.environ.update({**variables_of({**parameters, **outputs}), _STACK_VARIABLE: name})


def variables_of(stack: Mapping[str, str]) -> dict[str, str]:
    """Turn parameters and outputs of a stack into environment variables: `EnqueueQueueUrl` to `ENQUEUE_QUEUE_URL`."""
    # A stack without a secret has the parameter `none`.
    given = {name: value for name, value in stack.items() if value not in ("", "none")}
    variables = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper(): value for name, value in given.items()}
    return {_OTHER_NAMES.get(name, name): value for name, value in variables.items()}
