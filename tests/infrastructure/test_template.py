"""The guarantees of template.yaml: no message is lost or handed out twice, each role has the rights that it needs and
no more, and new code never runs on an old schema."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from orchestrator.aws.batches import LONGEST_WAIT_SECONDS, PUT_AGAIN_AFTER
from orchestrator.brake_settings import OutcomeBrakeSettings
from orchestrator.event_settings import EventSettings, UnknownSenderSettings
from orchestrator.event_targets.bus import SOURCE
from orchestrator.sender_settings import NumberCheckSettings
from orchestrator.settings import ActivitySettings, Effort, PolicySettings, WriterSettings
from tests.infrastructure.deployed import deployed, names_in, of_type
from tests.world import WAVE

TEMPLATE = deployed()
FUNCTIONS = of_type(TEMPLATE, "AWS::Lambda::Function")
QUEUES = of_type(TEMPLATE, "AWS::SQS::Queue")
MAPPINGS = of_type(TEMPLATE, "AWS::Lambda::EventSourceMapping")
ROLES = of_type(TEMPLATE, "AWS::IAM::Role")
POLICIES = of_type(TEMPLATE, "AWS::IAM::ManagedPolicy")
LAYERS = ("DependenciesLayer", "SharedLayer")
# The functions that an event invokes through an alias. A deploy invokes migrate.
ALIASED = [name for name in FUNCTIONS if name != "MigrateFunction"]


def one_name(value: Any) -> str:
    (name,) = set(names_in(value))
    return name


def queue_of(mapping: dict[str, Any]) -> str:
    return one_name(mapping["EventSourceArn"])


def function_of(mapping: dict[str, Any]) -> str:
    return one_name(mapping["FunctionName"]).removesuffix("Aliaslive")


# The queues whose records exist nowhere else. Only our code moves a record from them to a dead-letter queue (G11).
ONLY_COPIES = {"EnqueueQueue": "EnqueueDeadLetterQueue", "InboundQueue": "InboundDeadLetterQueue"}


def dead_letter_queue_of(queue: str) -> str:
    return ONLY_COPIES.get(queue) or one_name(QUEUES[queue]["RedrivePolicy"]["deadLetterTargetArn"])


SOURCES = sorted({queue_of(mapping) for mapping in MAPPINGS.values()})


# Queues --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("favours", ["latency", "throughput"])
@pytest.mark.parametrize("name", MAPPINGS)
def test_the_visibility_timeout_is_six_times_the_functions_timeout(name: str, favours: str) -> None:
    mapping = MAPPINGS[name]
    window = mapping.get("MaximumBatchingWindowInSeconds", 0)
    if isinstance(window, dict):
        (of_map, _, key) = window["Fn::FindInMap"]
        window = TEMPLATE["Mappings"][of_map][favours][key]
    timeout = FUNCTIONS[function_of(mapping)]["Timeout"]
    assert QUEUES[queue_of(mapping)]["VisibilityTimeout"] >= 6 * timeout + window


def test_a_wave_of_ordinary_messages_is_gathered_for_a_second_and_an_urgent_one_goes_at_once() -> None:
    """Lambda takes more than ten records only with a window, and tests hand over batches of this size."""
    sizes = {
        queue_of(mapping): (mapping["BatchSize"], mapping.get("MaximumBatchingWindowInSeconds", 0))
        for mapping in MAPPINGS.values()
        if function_of(mapping) == "DeliverFunction"
    }
    assert sizes == {"DeliveryQueue": (WAVE, 1), "UrgentQueue": (10, 0)}


@pytest.mark.parametrize("name", SOURCES)
def test_each_queue_has_its_own_dead_letter_queue_that_accepts_no_other_queue(name: str) -> None:
    dead = dead_letter_queue_of(name)
    assert [other for other in SOURCES if dead_letter_queue_of(other) == dead] == [name]
    allowed = QUEUES[dead]["RedriveAllowPolicy"]
    if name in ONLY_COPIES:
        assert allowed == {"redrivePermission": "denyAll"}
        return
    suffix = QUEUES[name]["QueueName"]["Fn::Sub"].rpartition("-")[2]
    assert allowed["redrivePermission"] == "byQueue"
    (source,) = allowed["sourceQueueArns"]
    assert source["Fn::Sub"].endswith(f":${{AWS::StackName}}-{suffix}")


@pytest.mark.parametrize("name", ONLY_COPIES)
def test_no_count_of_receives_moves_a_record_that_exists_nowhere_else_and_a_copy_comes_before_sqs_deletes_it(
    name: str,
) -> None:
    assert "RedrivePolicy" not in QUEUES[name]
    retention = timedelta(seconds=QUEUES[name]["MessageRetentionPeriod"])
    assert retention >= 2 * PUT_AGAIN_AFTER


@pytest.mark.parametrize("name", sorted(set(SOURCES) - ONLY_COPIES.keys()))
def test_the_retention_of_a_record_that_names_a_message_ends_before_its_receives_do(name: str) -> None:
    retention = QUEUES[name].get("MessageRetentionPeriod", 4 * 24 * 3600)
    assert QUEUES[name]["RedrivePolicy"]["maxReceiveCount"] * LONGEST_WAIT_SECONDS > retention
    assert timedelta(seconds=retention) < PUT_AGAIN_AFTER, "deliver may not send to the queues that it receives from"


def test_a_stop_shares_no_throttle_with_status_callbacks() -> None:
    (limits,) = of_type(TEMPLATE, "AWS::ApiGatewayV2::Stage").values()
    assert list(limits["RouteSettings"]) == ["POST /twilio/inbound"]
    of_texts, of_others = limits["RouteSettings"]["POST /twilio/inbound"], limits["DefaultRouteSettings"]
    assert of_texts["ThrottlingRateLimit"] >= 10 * of_others["ThrottlingRateLimit"]


@pytest.mark.parametrize("name", QUEUES)
def test_every_queue_is_encrypted_and_is_a_source_or_a_dead_letter_queue(name: str) -> None:
    assert QUEUES[name]["SqsManagedSseEnabled"] is True
    assert name in SOURCES or name in {dead_letter_queue_of(source) for source in SOURCES}


@pytest.mark.parametrize("name", MAPPINGS)
def test_every_mapping_reports_failed_records_and_limits_its_concurrency(name: str) -> None:
    assert MAPPINGS[name]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert "Ref" in MAPPINGS[name]["ScalingConfig"]["MaximumConcurrency"]


# Roles ---------------------------------------------------------------------------------------------------------------

RECEIVE_ACTIONS = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"}
QUEUE_ACTIONS = {
    "MigrateRole": {},
    "EnqueueRole": {
        "EnqueueQueue": RECEIVE_ACTIONS | {"sqs:SendMessage"},
        "EnqueueDeadLetterQueue": {"sqs:SendMessage"},
        "UrgentQueue": {"sqs:SendMessage"},
    },
    "DispatchRole": {name: {"sqs:SendMessage"} for name in ("DeliveryQueue", "UrgentQueue", "InboundQueue")},
    "DeliverRole": {
        "DeliveryQueue": RECEIVE_ACTIONS,
        "UrgentQueue": RECEIVE_ACTIONS,
        "DeliveryDeadLetterQueue": {"sqs:SendMessage"},
    },
    "WebhookRole": {"InboundQueue": {"sqs:SendMessage"}},
    "InboundRole": {
        "InboundQueue": RECEIVE_ACTIONS | {"sqs:SendMessage"},
        "InboundDeadLetterQueue": {"sqs:SendMessage"},
        "UrgentQueue": {"sqs:SendMessage"},
    },
    "RetainRole": {},
    "LearnRole": {},
    "QueryRole": {},
}
SECRETS = {
    "MigrateRole": {"Database"},
    "EnqueueRole": {"Database"},
    "DispatchRole": {"Database", "Twilio"},
    "DeliverRole": {"Database", "Twilio", "Anthropic", "Privacy"},
    "WebhookRole": {"Twilio"},
    "InboundRole": {"Database", "Anthropic", "Privacy"},
    "RetainRole": {"Database"},
    "LearnRole": {"Database"},
    "QueryRole": {"Database"},
}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(role: str) -> Iterator[dict[str, Any]]:
    """The statements of a role's own policies, and of the policies of this template that it has."""
    for policy in ROLES[role].get("Policies", []):
        yield from as_list(policy["PolicyDocument"]["Statement"])
    for managed in ROLES[role].get("ManagedPolicyArns", []):
        for name in names_in(managed):
            if name in POLICIES:
                yield from as_list(POLICIES[name]["PolicyDocument"]["Statement"])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_has_its_own_role(name: str) -> None:
    assert one_name(FUNCTIONS[name]["Role"]) == name.replace("Function", "Role")


@pytest.mark.parametrize("role", QUEUE_ACTIONS)
def test_a_function_reaches_its_own_queues_and_no_others(role: str) -> None:
    reached: dict[str, set[str]] = {}
    for statement in statements(role):
        actions = {action for action in as_list(statement["Action"]) if action.startswith("sqs:")}
        for resource in as_list(statement["Resource"]) if actions else []:
            reached.setdefault(one_name(resource), set()).update(actions)
    assert reached == QUEUE_ACTIONS[role]


@pytest.mark.parametrize("role", SECRETS)
def test_a_function_reads_its_own_secrets_and_no_others(role: str) -> None:
    read = {name.removesuffix("SecretPolicy") for arn in ROLES[role]["ManagedPolicyArns"] for name in names_in(arn)}
    assert read - {"TracingPolicy"} == SECRETS[role]


# What each role reads once the optional secrets are there.
OWN_SECRETS = {"MigrateRole": {"Migration"}, "QueryRole": {"Query"}, "DispatchRole": {"Database", "TwilioSender"}} | {
    "DeliverRole": {"Database", "TwilioSender", "Anthropic", "Privacy"}
}
WITH_OWN_SECRETS = {
    "MigrationSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:migration-aaaaaa",
    "QuerySecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:query-aaaaaa",
    "TwilioSenderSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:sender-aaaaaa",
}


@pytest.mark.parametrize("role", SECRETS)
def test_with_secrets_of_their_own_the_token_is_the_webhooks_alone_and_ddl_that_of_migrate(role: str) -> None:
    template = deployed(WITH_OWN_SECRETS)
    arns = of_type(template, "AWS::IAM::Role")[role]["ManagedPolicyArns"]
    read = {name.removesuffix("SecretPolicy") for arn in arns for name in names_in(arn)} - {"TracingPolicy"}
    assert read == OWN_SECRETS.get(role, SECRETS[role])
    # A function is given the ARNs of the secrets that its role may read, and of no others that it would ask for.
    variables = of_type(template, "AWS::Lambda::Function")[role.replace("Role", "Function")]["Environment"]["Variables"]
    if "TwilioSender" in read:
        assert (variables["TWILIO_SECRET_ARN"], variables["TWILIO_SENDER_SECRET_ARN"]) == (
            "",
            {"Ref": "TwilioSenderSecretArn"},
        )
    if "Query" in read:
        assert variables["DATABASE_SECRET_ARN"] == {"Ref": "QuerySecretArn"}
    if "Migration" in read:
        assert (variables["DATABASE_SECRET_ARN"], variables["MIGRATION_SECRET_ARN"]) == (
            "",
            {"Ref": "MigrationSecretArn"},
        )


def test_an_upgrade_without_new_secrets_changes_no_function_and_no_role_of_it() -> None:
    assert {"MigrationSecretPolicy", "QuerySecretPolicy", "TwilioSenderSecretPolicy"} & POLICIES.keys() == set()
    everywhere = FUNCTIONS["EnqueueFunction"]["Environment"]["Variables"]
    for name in ("DispatchFunction", "DeliverFunction", "MigrateFunction"):
        variables = FUNCTIONS[name]["Environment"]["Variables"]
        for secret in ("DATABASE_SECRET_ARN", "TWILIO_SECRET_ARN"):
            assert variables[secret] == everywhere[secret], f"{name} reads the secret that it read before"
    assert all(TEMPLATE["Parameters"][name]["Default"] == "" for name in WITH_OWN_SECRETS)


# Every statement of the template with why its role needs it: a new one must be added here.
REASONS = {
    ("TracingPolicy", "xray:PutTelemetryRecords xray:PutTraceSegments"): "traces of each invocation",
    ("PublisherPolicy", "sqs:SendMessage"): "agents publish",
    ("AskerPolicy", "lambda:InvokeFunction"): "roles ask about every message, through the alias live",
    **{
        (f"{name}SecretPolicy", action): "the role's functions read this secret, encrypted with the owner's key or not"
        for name in ("Database", "Migration", "Query", "Twilio", "TwilioSender", "Anthropic", "Privacy", "ReplyWebhook")
        for action in ("secretsmanager:GetSecretValue", "kms:Decrypt")
    },
    **{(role, "logs:CreateLogStream logs:PutLogEvents"): "its own log" for role in QUEUE_ACTIONS},
    **{
        (role, " ".join(sorted(RECEIVE_ACTIONS))): "its event source"
        for role in ("EnqueueRole", "DeliverRole", "InboundRole")
    },
    ("EnqueueRole", "sqs:SendMessage"): "urgent messages, rejected bodies, and bodies that wait for longer",
    ("DispatchRole", "sqs:SendMessage"): "handover, and the marker on the inbound queue",
    ("DeliverRole", "sqs:SendMessage"): "unreadable records",
    ("WebhookRole", "sqs:SendMessage"): "verified requests",
    ("InboundRole", "sqs:SendMessage"): "what comes forward, unreadable records, and records that wait for longer",
    ("DispatchRole", "events:PutEvents"): "events to the owner's bus, under our source",
    ("InboundRole", "events:PutEvents"): "events to the owner's bus, under our source",
    ("DispatchRole", "lambda:InvokeFunction"): "what people write, to the owner's function",
    ("InboundRole", "lambda:InvokeFunction"): "what people write, to the owner's function",
    ("DispatchFunctionEachMinuteRole", "lambda:InvokeFunction"): "the ticks",
    ("RetainFunctionEachNightRole", "lambda:InvokeFunction"): "the nights",
    ("LearnFunctionEachNightRole", "lambda:InvokeFunction"): "the nights",
}
# Every statement that names who may use a resource or a role, with that principal.
PRINCIPALS = {
    **{(role, "sts:AssumeRole"): "lambda.amazonaws.com" for role in QUEUE_ACTIONS},
    ("DispatchFunctionEachMinuteRole", "sts:AssumeRole"): "scheduler.amazonaws.com",
    ("RetainFunctionEachNightRole", "sts:AssumeRole"): "scheduler.amazonaws.com",
    ("LearnFunctionEachNightRole", "sts:AssumeRole"): "scheduler.amazonaws.com",
    ("CodeDeployServiceRole", "sts:AssumeRole"): "codedeploy.amazonaws.com",
    ("WebhookFunctionTextPermission", "lambda:InvokeFunction"): "apigateway.amazonaws.com",
    ("WebhookFunctionStatusPermission", "lambda:InvokeFunction"): "apigateway.amazonaws.com",
    ("AlarmTopicKey", "kms:*"): "arn:${AWS::Partition}:iam::${AWS::AccountId}:root",
    ("AlarmTopicKey", "kms:Decrypt kms:GenerateDataKey"): "cloudwatch.amazonaws.com",
}
CONDITIONS = {
    "events:PutEvents": {"StringEquals": {"events:source": SOURCE}},
    "kms:Decrypt kms:GenerateDataKey": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
}
# AWS's own policies, with the roles that have them in a VPC.
POLICIES_OF_AWS = {
    **{role: ["AWSLambdaENIManagementAccess"] for role in QUEUE_ACTIONS if role != "WebhookRole"},
    "CodeDeployServiceRole": ["AWSCodeDeployRoleForLambda"],
}
REPLY_TARGETS = {
    "ReplyWebhookUrl": "https://agents.example.com/texts",
    "ReplyWebhookSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:webhook-aaaaaa",
    "ReplyQueueArn": "arn:aws:sqs:eu-west-1:123456789012:texts.fifo",
    "ReplyFunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:agents",
}
FULL = {
    **WITH_OWN_SECRETS,
    **REPLY_TARGETS,
    "SecretsKeyArn": "arn:key",
    "EventBusName": "bus",
    "SubnetIds": "subnet-1",
}


def statements_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every statement in a value: of a policy, or the permission of a function."""
    if isinstance(value, dict):
        if "Effect" in value or {"Action", "Principal"} <= value.keys():
            yield value
        value = list(value.values())
    for inner in value if isinstance(value, list) else []:
        yield from statements_in(inner)


def actions_of(statement: dict[str, Any]) -> str:
    return " ".join(sorted(as_list(statement["Action"])))


def principal_of(statement: dict[str, Any]) -> str:
    """The one principal of a statement; several of them are an error here."""
    named = statement["Principal"]
    (value,) = named.values() if isinstance(named, dict) else [named]
    (value,) = as_list(value)
    return str(value["Fn::Sub"] if isinstance(value, dict) else value)


def test_each_statement_of_the_template_has_a_reason() -> None:
    found = [
        ((name, actions_of(statement)), statement)
        for name, resource in deployed(FULL)["Resources"].items()
        for statement in statements_in(resource.get("Properties", {}))
    ]
    assert sorted(key for key, _ in found) == sorted([*REASONS, *PRINCIPALS])
    assert {key: principal_of(s) for key, s in found if "Principal" in s} == PRINCIPALS
    for (name, actions), statement in found:
        assert statement.get("Condition") == CONDITIONS.get(actions), name
        assert statement.get("Effect", "Allow") == "Allow", name
        assert not {"NotAction", "NotResource", "NotPrincipal"} & statement.keys(), name


@pytest.mark.parametrize("role", QUEUE_ACTIONS)
def test_what_publishes_events_reaches_the_owners_targets_and_nothing_else_does(role: str) -> None:
    template = deployed(FULL)
    properties = of_type(template, "AWS::IAM::Role")[role]
    publishes = role in ("DispatchRole", "InboundRole")
    for name in ("ReplyQueueArn", "ReplyFunctionArn", "ReplyWebhookSecretPolicy"):
        assert (name in str(properties)) == publishes, name
    variables = of_type(template, "AWS::Lambda::Function")[role.replace("Role", "Function")]["Environment"]["Variables"]
    assert ("REPLY_WEBHOOK_URL" in variables) == publishes
    assert ("CREATE_UNKNOWN_SENDERS" in variables) == (role == "InboundRole")


@pytest.mark.parametrize("name", [*EventSettings.model_fields, *UnknownSenderSettings.model_fields])
def test_targets_of_events_have_parameters_that_are_off_by_default(name: str) -> None:
    of_inbound = FUNCTIONS["InboundFunction"]["Environment"]["Variables"]
    parameters = set(names_in(of_inbound[name.upper()])) & TEMPLATE["Parameters"].keys()
    if name == "reply_queue_url":
        assert of_inbound["REPLY_QUEUE_URL"] == ""
    else:
        assert {TEMPLATE["Parameters"][parameter]["Default"] for parameter in parameters} <= {"", "false"}
        assert parameters


def test_a_role_has_no_policy_of_aws_without_a_reason() -> None:
    found = {}
    for role, properties in of_type(deployed(FULL), "AWS::IAM::Role").items():
        arns = [arn for arn in properties.get("ManagedPolicyArns", []) if "Ref" not in arn]
        if arns:
            texts = [arn["Fn::Sub"] if isinstance(arn, dict) else arn for arn in arns]
            found[role] = [text.rpartition("/")[2] for text in texts]
    assert found == POLICIES_OF_AWS


@pytest.mark.parametrize("role", QUEUE_ACTIONS)
def test_a_role_may_make_network_interfaces_only_in_a_vpc(role: str) -> None:
    def network_policies(parameters: dict[str, str]) -> list[Any]:
        arns = of_type(deployed(parameters), "AWS::IAM::Role")[role]["ManagedPolicyArns"]
        return [arn for arn in arns if "AWSLambdaENIManagementAccess" in str(arn)]

    assert network_policies({}) == []
    inside = {"SubnetIds": "subnet-1", "SecurityGroupIds": "sg-1"}
    assert len(network_policies(inside)) == (0 if role == "WebhookRole" else 1)


@pytest.mark.parametrize("role", sorted(QUEUE_ACTIONS))
def test_a_function_writes_only_its_own_log(role: str) -> None:
    logs = [s for s in statements(role) if any(action.startswith("logs:") for action in as_list(s["Action"]))]
    assert [one_name(statement["Resource"]) for statement in logs] == [role.replace("Role", "Logs")]
    function = FUNCTIONS[role.replace("Role", "Function")]
    assert one_name(function["LoggingConfig"]["LogGroup"]) == role.replace("Role", "Logs")


def test_no_policy_has_a_wildcard_but_for_tracing() -> None:
    documents = [policy["PolicyDocument"] for policy in POLICIES.values()]
    documents += [policy["PolicyDocument"] for role in ROLES.values() for policy in role.get("Policies", [])]
    every = [statement for document in documents for statement in as_list(document["Statement"])]
    assert not [action for s in every for action in as_list(s["Action"]) if "*" in action]
    wide = [set(as_list(s["Action"])) for s in every if "*" in as_list(s["Resource"])]
    assert wide == [{"xray:PutTraceSegments", "xray:PutTelemetryRecords"}], "only X-Ray has no narrower resource"


def test_the_publisher_policy_allows_publishing_and_nothing_else() -> None:
    (statement,) = POLICIES["PublisherPolicy"]["PolicyDocument"]["Statement"]
    assert (statement["Action"], one_name(statement["Resource"])) == ("sqs:SendMessage", "EnqueueQueue")


def test_no_secret_is_a_parameter_or_a_variable() -> None:
    assert not [name for name, parameter in TEMPLATE["Parameters"].items() if parameter.get("NoEcho")]
    names = {name for function in FUNCTIONS.values() for name in function["Environment"]["Variables"]}
    assert not names & {"DATABASE_URL", "TWILIO_AUTH_TOKEN", "ANTHROPIC_API_KEY", "PRIVACY_KEY"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_that_may_read_claudes_key_has_its_model_and_effort(name: str) -> None:
    variables = FUNCTIONS[name]["Environment"]["Variables"]
    given = {key: value["Ref"] for key, value in variables.items() if key in ("ANTHROPIC_MODEL", "ANTHROPIC_EFFORT")}
    asks = "Anthropic" in SECRETS[name.replace("Function", "Role")]
    assert given == ({"ANTHROPIC_MODEL": "AnthropicModel", "ANTHROPIC_EFFORT": "AnthropicEffort"} if asks else {})


def test_the_model_and_the_effort_of_the_template_are_those_of_the_settings() -> None:
    model, effort = TEMPLATE["Parameters"]["AnthropicModel"], TEMPLATE["Parameters"]["AnthropicEffort"]
    assert effort["AllowedValues"] == list(Effort)
    assert (model["Default"], effort["Default"]) == (
        WriterSettings().anthropic_model,
        WriterSettings().anthropic_effort,
    )


@pytest.mark.parametrize(
    "name",
    [
        *ActivitySettings.model_fields,
        "daily_limit",
        "hourly_limit",
        "max_sequence_parts",
        "brake_factor",
        "brake_floor",
    ],
)
def test_a_ceiling_is_a_parameter_of_the_stack_with_the_default_of_its_setting(name: str) -> None:
    variable = FUNCTIONS["DeliverFunction"]["Environment"]["Variables"][name.upper()]
    parameter = TEMPLATE["Parameters"][variable["Ref"]]
    assert parameter["Default"] == PolicySettings.model_fields[name].default


@pytest.mark.parametrize("name", OutcomeBrakeSettings.model_fields)
def test_the_brake_by_outcome_has_parameters_with_the_defaults_of_its_settings(name: str) -> None:
    variable = FUNCTIONS["DispatchFunction"]["Environment"]["Variables"][name.upper()]
    parameter = TEMPLATE["Parameters"][variable["Ref"]]
    assert parameter["Default"] == OutcomeBrakeSettings.model_fields[name].default


@pytest.mark.parametrize("name", NumberCheckSettings.model_fields)
def test_questions_about_numbers_have_parameters_with_the_defaults_of_their_settings(name: str) -> None:
    variable = FUNCTIONS["DeliverFunction"]["Environment"]["Variables"][name.upper()]
    parameter = TEMPLATE["Parameters"][variable["Ref"]]
    assert parameter["Default"] == NumberCheckSettings.model_fields[name].default


# Deploys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_run_on_arm64_and_are_traced(name: str) -> None:
    function = FUNCTIONS[name]
    assert (function["Architectures"], function["TracingConfig"]) == (["arm64"], {"Mode": "Active"})


@pytest.mark.parametrize("name", [name for name in ALIASED if name != "WebhookFunction"])
def test_new_code_waits_for_the_migration(name: str) -> None:
    assert TEMPLATE["Resources"][name]["DependsOn"] == "Migration"


def test_the_migration_runs_again_when_the_shared_layer_changes() -> None:
    changed = deployed(uploads={"SharedLayer": "s3://uploads/changed"})
    before, after = (of_type(t, "Custom::Migration")["Migration"]["Code"] for t in (TEMPLATE, changed))
    assert before != after


@pytest.mark.parametrize("layer", LAYERS)
def test_new_code_in_a_layer_publishes_a_new_version_of_each_function(layer: str) -> None:
    def versions(template: dict[str, Any]) -> dict[str, str]:
        return {one_name(v["FunctionName"]): name for name, v in of_type(template, "AWS::Lambda::Version").items()}

    before, after = versions(TEMPLATE), versions(deployed(uploads={layer: "s3://uploads/changed"}))
    assert before.keys() == after.keys() == set(ALIASED)
    assert [name for name in ALIASED if before[name] == after[name]] == []


@pytest.mark.parametrize(("stage", "strategy"), [("prod", "Canary10Percent5Minutes"), ("dev", "AllAtOnce")])
@pytest.mark.parametrize("name", ALIASED)
def test_a_deploy_rolls_back_when_an_alarm_fires(name: str, stage: str, strategy: str) -> None:
    group = of_type(deployed({"Stage": stage}), "AWS::CodeDeploy::DeploymentGroup")[f"{name}DeploymentGroup"]
    assert strategy in str(group["DeploymentConfigName"])
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    alarms = {one_name(alarm["Name"]) for alarm in group["AlarmConfiguration"]["Alarms"]}
    assert name.replace("Function", "ErrorsAlarm") in alarms


def test_events_invoke_the_alias_and_never_the_newest_code() -> None:
    invoked = [one_name(mapping["FunctionName"]) for mapping in MAPPINGS.values()]
    invoked += [one_name(s["Target"]["Arn"]) for s in of_type(TEMPLATE, "AWS::Scheduler::Schedule").values()]
    assert invoked
    assert all(name.endswith("Aliaslive") for name in invoked)


def test_the_webhook_does_not_refer_to_the_api_that_refers_to_it() -> None:
    reached, seen = ["WebhookFunction"], set()
    while reached:
        name = reached.pop()
        seen.add(name)
        reached += [n for n in names_in(TEMPLATE["Resources"].get(name, {})) if n not in seen]
    assert "WebhookApi" not in seen


def test_every_function_but_the_webhook_is_in_the_vpc() -> None:
    inside = of_type(deployed({"SubnetIds": "subnet-1", "SecurityGroupIds": "sg-1"}), "AWS::Lambda::Function")
    assert [name for name, function in inside.items() if "VpcConfig" not in function] == ["WebhookFunction"]
    assert not [name for name, function in FUNCTIONS.items() if "VpcConfig" in function]


def test_every_log_group_has_a_retention() -> None:
    groups = of_type(TEMPLATE, "AWS::Logs::LogGroup")
    assert len(groups) == len(FUNCTIONS) + 1  # and that of the API
    assert all(group["RetentionInDays"] == {"Ref": "LogRetentionDays"} for group in groups.values())


def test_every_parameter_has_a_description_and_a_group() -> None:
    grouped = [
        name
        for group in TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        for name in group["Parameters"]
    ]
    assert sorted(grouped) == sorted(TEMPLATE["Parameters"])
    assert [name for name, parameter in TEMPLATE["Parameters"].items() if not parameter.get("Description")] == []
