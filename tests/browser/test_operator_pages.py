"""The operator's console of a stack that it reaches by its name: its outputs name the queues and the database's secret."""

import json
import os
import re
from collections.abc import Iterator
from functools import partial
from typing import Any
from unittest import mock

import boto3
import pytest
from playwright.sync_api import Browser, Page, expect

from orchestrator import MessageOrchestrator
from orchestrator.aws.clients import sqs_client
from orchestrator.settings import PublisherSettings
from orchestrator.store.database import connect
from orchestrator.store.pauses import pause
from orchestrator.store.people import add_user
from orchestrator_cli.console.app import operator_console
from orchestrator_cli.console.command import database_of_request
from orchestrator_cli.console.serving import serve_on_loopback
from orchestrator_cli.target import use_deployed_stack
from orchestrator_local.queues import CREDENTIALS, REGION
from orchestrator_local.stack import Stack
from tests.browser.operator_steps import state, wait_until
from tests.browser.test_page import assert_accessible

PATHS = ("messages", "people", "agents", "trouble", "numbers")
WIDTHS = (1360, 900, 390)


@pytest.fixture(scope="module")
def deployed(stack: Stack) -> str:
    """The name of a deployed stack: outputs name its queues, and the secret that holds its database's address."""
    environment, aws = stack.environment, stack.environment["AWS_ENDPOINT_URL_SQS"]
    clients = boto3.Session(CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"], region_name=REGION)
    secrets = clients.client("secretsmanager", endpoint_url=aws)
    secret = secrets.create_secret(Name="database", SecretString=environment["DATABASE_URL"])
    urls = {name: value for name, value in environment.items() if name.endswith("_QUEUE_URL")}
    values = {**urls, "ENQUEUE_DLQ_URL": environment["ENQUEUE_DLQ_URL"], "DATABASE_SECRET_ARN": secret["ARN"]}
    outputs = {name.title().replace("_", ""): {"Value": value} for name, value in values.items()}
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}, "Outputs": outputs}
    formation = clients.client("cloudformation", endpoint_url=aws)
    formation.create_stack(StackName="texts-prod", TemplateBody=json.dumps(template))
    return "texts-prod"


@pytest.fixture(scope="module")
def address(stack: Stack, deployed: str) -> Iterator[str]:
    """The address of the console of the deployed stack, which an operator's AWS credentials reach."""
    with mock.patch.dict(os.environ, CREDENTIALS):
        for name in (*stack.environment, "CONSOLE_PORT"):
            os.environ.pop(name, None)
        os.environ |= {
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": stack.environment["AWS_ENDPOINT_URL_SQS"],
            "ORCHESTRATOR_CLOCK_FILE": stack.environment["ORCHESTRATOR_CLOCK_FILE"],
        }
        use_deployed_stack(deployed)
        sqs_client.cache_clear()  # its client knows the endpoint of an earlier stack of this run
        with serve_on_loopback(partial(operator_console, database_of_request, f"stack {deployed}", "token")) as port:
            yield f"http://127.0.0.1:{port}/token"
    sqs_client.cache_clear()


@pytest.fixture
def window(browser: Browser) -> Iterator[Page]:
    """A window. A script error, and anything that the page asks of another site, fails the test."""
    context = browser.new_context(viewport={"width": 1360, "height": 1000}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(15_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if "Content Security" in message.text else None)
    yield page
    context.close()
    assert errors == []


def assert_page(page: Page, address: str, path: str) -> None:
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{address}/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{path} at {width}"
        if width != 900:  # at which the page has the layout of the widest
            assert_accessible(page)


def publish(stack: Stack, **fields: Any) -> str:
    settings = PublisherSettings(enqueue_queue_url=stack.environment["ENQUEUE_QUEUE_URL"])
    data = {"type": "note", "message": f"Hello {' '.join(map(str, fields.values()))}"}
    return str(MessageOrchestrator(settings).queue_message(user_id="user_ada", message_data=data, **fields))


@pytest.mark.parametrize("path", PATHS)
def test_a_page_without_anything_says_so_and_is_accessible(window: Page, address: str, path: str) -> None:
    assert_page(window, address, path)
    expect(window.get_by_role("main")).to_contain_text(re.compile(r"No |None|Nothing"))


def test_an_operator_works_on_what_waits(window: Page, address: str, stack: Stack) -> None:
    with connect(stack.database_url) as connection:
        columns = {"phone_number": "+12125550101", "external_id": "user_ada", "timezone": "America/New_York"}
        user_id = add_user(connection, columns, stack.clock())
        pause(connection, "lane", "low", "provider incident", stack.clock(), "grace@example.com")
    sent = publish(stack, agent_id="system", priority="urgent", can_delay=False)
    held = publish(stack, agent_id="account_manager", priority="low")
    publish(stack, agent_id="account_manager", priority="low", topic="news")
    wait_until(window, lambda: count_messages(stack) == 3 and state(stack, sent)[0] == "sent")

    window.goto(f"{address}/")
    window.get_by_role("link", name=re.compile("account_manager")).first.wait_for()
    expect(window.get_by_role("status", name="Pauses of sending")).to_contain_text("lane low since")
    window.get_by_role("textbox", name="Agent").fill("account")
    window.get_by_role("combobox", name="Lane").select_option("low")
    window.get_by_role("button", name="Show").click()
    expect(window.locator(".messages li")).to_have_count(2)
    for path in (
        *PATHS,
        f"messages/{sent}",
        f"messages/{held}",
        f"people/{user_id}",
        "messages?agent=none&state=failed",
    ):
        assert_page(window, address, path)

    window.goto(f"{address}/messages/{held}")
    window.get_by_role("button", name="Withdraw…").click()
    expect(window.get_by_role("main")).to_contain_text("Withdraw 1 waiting messages")
    assert_accessible(window)
    window.get_by_label("Why").fill("wrong prices")
    window.get_by_role("button", name="Yes, do it").click()
    expect(window.get_by_role("main")).to_contain_text("1 messages withdrawn.")
    assert_accessible(window)
    window.get_by_role("link", name="Go back").click()
    expect(window.get_by_role("main")).to_contain_text("cancelled")
    assert state(stack, held) == ("cancelled", "withdrawn")

    window.goto(f"{address}/messages?state=x")
    expect(window.get_by_role("main")).to_contain_text("none of queued")
    assert_accessible(window)


def count_messages(stack: Stack) -> int:
    with connect(stack.database_url) as connection:
        found = connection.execute("SELECT count(*) FROM message_queue").fetchone()
    assert found is not None
    return int(found[0])


def test_without_the_token_nothing_is_shown(window: Page, address: str) -> None:
    answer = window.goto(f"{address.removesuffix('/token')}/messages")
    assert answer is not None
    assert (answer.status, "Open the whole address" in answer.text()) == (403, True)
