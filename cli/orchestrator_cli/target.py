"""What a command acts on: what the environment names, the running local stack, or a deployed stack by its name."""

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

# Written by the running local stack: the environment that its functions have.
LOCAL_STATE = Path(".local/environment.json")
_RENAMED = {"WEBHOOK_URL": "WEBHOOK_BASE_URL"}

_Local = Annotated[bool, typer.Option("--local", help="Act on the running local stack.")]
_Stack = Annotated[str | None, typer.Option("--stack", help="Act on a deployed stack, by its name.", metavar="NAME")]

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def on_target(command: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Give a command the options `--local` and `--stack`; what they name is its environment before it runs."""

    @functools.wraps(command)
    def with_target(*arguments: Any, local: bool, stack: str | None, **options: Any) -> Result:
        if local and stack:
            raise typer.BadParameter("Give --local or --stack, not both.")
        if local:
            use_local_stack()
        if stack:
            use_deployed_stack(stack)
        return command(*arguments, **options)

    # Typer reads the signature and the annotations, and makes the options of them.
    signature = inspect.signature(command)
    more = [
        inspect.Parameter("local", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=_Local),
        inspect.Parameter("stack", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_Stack),
    ]
    parameters = [*signature.parameters.values(), *more]
    with_target.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # a function takes any
    with_target.__annotations__ = {**command.__annotations__, "local": _Local, "stack": _Stack}
    return with_target  # type: ignore[return-value]  # Typer calls it, by the signature set above


def use_local_stack() -> None:
    """Put the local stack's environment in place of this process's own.

    Raises:
        SettingsError: no local stack runs here.
    """
    if not LOCAL_STATE.exists():
        raise SettingsError("--local: no local stack runs in this folder. Start it with `make local`.")
    os.environ.update(json.loads(LOCAL_STATE.read_text()))


def use_deployed_stack(name: str) -> None:
    """Put what a stack's parameters and outputs say in place of this process's own environment.

    Raises:
        SettingsError: there is no such stack, or it may not be read.
    """
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        (stack,) = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        raise SettingsError(f"--stack: {error.response['Error']['Message']}. Check the name and AWS_REGION.") from None
    except BotoCoreError as error:
        raise SettingsError(f"--stack: AWS cannot be asked: {error}") from None
    parameters = {p["ParameterKey"]: p["ParameterValue"] for p in stack.get("Parameters", [])}
    outputs = {o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])}
    if "EnqueueQueueUrl" not in outputs:
        raise OrchestratorError(f"The stack {name} is no Message Orchestrator, or its first deploy did not end.")
    # What a stack has in its secrets; a value of this shell, or of .env, would be another one's.
    for variable in secret_variables():
        os.environ.pop(variable, None)
    os.environ.update(variables_of({**parameters, **outputs}))


def variables_of(stack: Mapping[str, str]) -> dict[str, str]:
    """Environment variables by the names that a stack uses: `EnqueueQueueUrl` is `ENQUEUE_QUEUE_URL`."""
    # A stack without a secret says so with the word.
    given = {name: value for name, value in stack.items() if value not in ("", "none")}
    variables = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper(): value for name, value in given.items()}
    return {_RENAMED.get(name, name): value for name, value in variables.items()}
