"""The template deploys into moto's CloudFormation, as far as moto goes."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.infrastructure.deployed import PSEUDO, deployed, names_in

# What moto's CloudFormation cannot do; the tests beside this one read these resources in the template instead.
LEFT_OUT = {
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
    "Custom::Migration",  # it runs the function in Docker
}
STACK = "orchestrator"


def as_far_as_moto_goes() -> dict[str, Any]:
    template = deployed()
    template["Resources"] = {
        name: resource
        for name, resource in template["Resources"].items()
        if resource["Type"] not in LEFT_OUT and not name.endswith(("EachMinuteRole", "EachNightRole"))
    }
    for resource in template["Resources"].values():
        if resource.get("DependsOn") == "Migration":
            del resource["DependsOn"]
        if resource["Type"] == "AWS::Lambda::EventSourceMapping":  # of the alias
            resource["Properties"]["FunctionName"]["Ref"] = next(
                names_in(resource["Properties"]["FunctionName"])
            ).removesuffix("Aliaslive")
        if resource["Type"] == "AWS::Lambda::Function":
            variables = resource["Properties"]["Environment"]["Variables"]
            for name in [name for name, value in variables.items() if "WebhookApi" in str(value)]:
                del variables[name]
    there = {*template["Resources"], *PSEUDO, *template["Parameters"]}
    template["Outputs"] = {n: o for n, o in template["Outputs"].items() if set(names_in(o["Value"])) <= there}
    return template


@pytest.fixture(scope="module")
def stack() -> Iterator[dict[str, str]]:
    """The stack's outputs."""
    template = as_far_as_moto_goes()
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
        (made,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
        assert made["StackStatus"] == "CREATE_COMPLETE"
        yield {output["OutputKey"]: output["OutputValue"] for output in made["Outputs"]}


def test_each_queue_redrives_to_one_that_is_there(stack: dict[str, str]) -> None:
    sqs = boto3.client("sqs")
    for variable in ("EnqueueQueueUrl", "DeliveryQueueUrl", "UrgentQueueUrl", "InboundQueueUrl"):
        attributes = sqs.get_queue_attributes(QueueUrl=stack[variable], AttributeNames=["All"])["Attributes"]
        target = json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"]
        assert sqs.get_queue_url(QueueName=target.rpartition(":")[2])["QueueUrl"] != stack[variable]


def test_each_queue_feeds_its_function(stack: dict[str, str]) -> None:
    fed = {
        mapping["EventSourceArn"].rpartition("-")[2]: mapping["FunctionArn"].rpartition(":")[2]
        for mapping in boto3.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    }
    assert {queue: function.split("-")[1] for queue, function in fed.items()} == {
        "enqueue": "EnqueueFunction",
        "delivery": "DeliverFunction",
        "urgent": "DeliverFunction",
        "inbound": "InboundFunction",
    }


def test_a_publisher_with_the_policy_of_the_stack_may_send(stack: dict[str, str]) -> None:
    iam = boto3.client("iam")
    version = iam.get_policy_version(PolicyArn=stack["PublisherPolicyArn"], VersionId="v1")
    document = version["PolicyVersion"]["Document"]
    sqs = boto3.client("sqs")
    queue = sqs.get_queue_attributes(QueueUrl=stack["EnqueueQueueUrl"], AttributeNames=["QueueArn"])
    assert document["Statement"][0]["Resource"] == queue["Attributes"]["QueueArn"]


def test_functions_get_their_queues_and_the_names_of_their_secrets(stack: dict[str, str]) -> None:
    functions = boto3.client("lambda").list_functions()["Functions"]
    variables = {f["FunctionName"].split("-")[1]: f["Environment"]["Variables"] for f in functions}
    assert variables["EnqueueFunction"]["ENQUEUE_DLQ_URL"] == stack["EnqueueDlqUrl"]
    assert variables["DeliverFunction"]["DATABASE_SECRET_ARN"] == stack["DatabaseSecretArn"]
    assert variables["DeliverFunction"]["DATABASE_SECRET_ARN"].endswith(f":secret:{STACK}/database")
