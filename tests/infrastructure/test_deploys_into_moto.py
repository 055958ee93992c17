"""The template deploys into moto's CloudFormation, without the resources that moto does not support."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.infrastructure.deployed import PSEUDO, deployed, names_in

# moto's CloudFormation does not support these. The other tests of this folder check them in the template.
UNSUPPORTED = {
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Stage",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::Lambda::Alias",
    "AWS::Lambda::Permission",
    "AWS::Scheduler::Schedule",
    "AWS::SNS::Subscription",
    "Custom::Migration",  # moto would run the function in Docker
}
STACK = "orchestrator"


def supported_template() -> dict[str, Any]:
    template = deployed()
    template["Resources"] = {
        name: resource
        for name, resource in template["Resources"].items()
        if resource["Type"] not in UNSUPPORTED and not name.endswith(("EachMinuteRole", "EachNightRole"))
    }
    for resource in template["Resources"].values():
        if resource.get("DependsOn") == "Migration":
            del resource["DependsOn"]
        if resource["Type"] == "AWS::Lambda::EventSourceMapping":  # of the alias, which is left out
            resource["Properties"]["FunctionName"]["Ref"] = next(
                names_in(resource["Properties"]["FunctionName"])
            ).removesuffix("Aliaslive")
        if resource["Type"] == "AWS::Lambda::Function":
            variables = resource["Properties"]["Environment"]["Variables"]
            for name in [name for name, value in variables.items() if "WebhookApi" in str(value)]:
                del variables[name]
    known = {*template["Resources"], *PSEUDO, *template["Parameters"]}
    template["Outputs"] = {n: o for n, o in template["Outputs"].items() if set(names_in(o["Value"])) <= known}
    return template


@pytest.fixture(scope="module")
def stack() -> Iterator[dict[str, str]]:
    """The stack's outputs."""
    template = supported_template()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr("app.py", "")
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="uploads")
        for name in template["Resources"]:
            s3.put_object(Bucket="uploads", Key=name, Body=archive.getvalue())
        for layer in ("DependenciesLayer", "SharedLayer"):
            s3.put_object(Bucket="uploads", Key=layer, Body=archive.getvalue())
        cloudformation = boto3.client("cloudformation")
        cloudformation.create_stack(StackName=STACK, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"])
        (created,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
        assert created["StackStatus"] == "CREATE_COMPLETE"
        yield {output["OutputKey"]: output["OutputValue"] for output in created["Outputs"]}


def test_each_queue_of_ids_redrives_to_a_queue_that_exists(stack: dict[str, str]) -> None:
    sqs = boto3.client("sqs")
    for variable in ("DeliveryQueueUrl", "UrgentQueueUrl"):
        attributes = sqs.get_queue_attributes(QueueUrl=stack[variable], AttributeNames=["All"])["Attributes"]
        target = json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"]
        assert sqs.get_queue_url(QueueName=target.rpartition(":")[2])["QueueUrl"] != stack[variable]


def test_each_queue_invokes_its_function(stack: dict[str, str]) -> None:
    invoked = {
        mapping["EventSourceArn"].rpartition("-")[2]: mapping["FunctionArn"].rpartition(":")[2]
        for mapping in boto3.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    }
    assert {queue: function.split("-")[1] for queue, function in invoked.items()} == {
        "enqueue": "EnqueueFunction",
        "delivery": "DeliverFunction",
        "urgent": "DeliverFunction",
        "inbound": "InboundFunction",
    }


def test_the_publisher_policy_allows_sending_to_the_enqueue_queue(stack: dict[str, str]) -> None:
    iam = boto3.client("iam")
    version = iam.get_policy_version(PolicyArn=stack["PublisherPolicyArn"], VersionId="v1")
    document = version["PolicyVersion"]["Document"]
    sqs = boto3.client("sqs")
    queue = sqs.get_queue_attributes(QueueUrl=stack["EnqueueQueueUrl"], AttributeNames=["QueueArn"])
    assert document["Statement"][0]["Resource"] == queue["Attributes"]["QueueArn"]


def test_functions_receive_their_queues_and_the_arns_of_their_secrets(stack: dict[str, str]) -> None:
    functions = boto3.client("lambda").list_functions()["Functions"]
    variables = {f["FunctionName"].split("-")[1]: f["Environment"]["Variables"] for f in functions}
    assert variables["EnqueueFunction"]["ENQUEUE_DLQ_URL"] == stack["EnqueueDlqUrl"]
    assert variables["InboundFunction"]["INBOUND_DLQ_URL"] == stack["InboundDlqUrl"]
    assert variables["DeliverFunction"]["DATABASE_SECRET_ARN"] == stack["DatabaseSecretArn"]
    assert variables["DeliverFunction"]["DATABASE_SECRET_ARN"].endswith(f":secret:{STACK}/database")
