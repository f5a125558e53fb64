"""The stack: deployed by `sam deploy`, looked at by the SDK."""

import json
import pathlib
import re
import subprocess
import time

from botocore.exceptions import ClientError

NAME = "latchkey-dev"
# Where a stack that is deleted after a failure ends.
OVER = ("CREATE_COMPLETE", "ROLLBACK_COMPLETE", "DELETE_COMPLETE", "DELETE_FAILED")


class Stack:
    """One stack of an engine."""

    def __init__(self, engine, sam: pathlib.Path, folder: pathlib.Path):
        self.engine, self.sam, self.folder = engine, sam, folder
        self.cloudformation = engine.client("cloudformation")

    def deploy(self, template: dict, parameters: dict[str, str]) -> tuple[bool, str]:
        """What DEPLOY.md says, but for the build; whether it went well, and what SAM printed."""
        path = self.folder / "template.json"
        path.write_text(json.dumps(template, indent=1), encoding="utf-8")
        values = [f"{name}={json.dumps(value)}" for name, value in parameters.items()]
        command = [self.sam, "deploy", "--config-file", str(pathlib.Path("samconfig.toml").resolve()), "--template-file", str(path)]
        command += ["--no-confirm-changeset", "--no-progressbar", "--parameter-overrides", *values]
        run = subprocess.run(command, env=self.engine.environment(), cwd=self.folder, capture_output=True, text=True)
        return run.returncode == 0, run.stdout + run.stderr

    def refusal(self, template: dict, parameters: dict[str, str]) -> str:
        """What CloudFormation says to parameters before it makes anything; empty if it takes them."""
        s3 = self.engine.client("s3")
        bucket = self.outputs("aws-sam-cli-managed-default")["SourceBucket"]
        s3.put_object(Bucket=bucket, Key="template.json", Body=json.dumps(template))
        try:
            self.cloudformation.create_change_set(
                StackName=NAME,
                ChangeSetName="refused",
                ChangeSetType="CREATE",
                TemplateURL=f"{self.engine.url}/{bucket}/template.json",
                Capabilities=["CAPABILITY_IAM"],
                Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
            )
        except ClientError as refusal:
            return refusal.response["Error"]["Message"]
        return ""

    def described(self, name: str = NAME) -> dict:
        return self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]

    def status(self) -> str:
        return self.described()["StackStatus"]

    def outputs(self, name: str = NAME) -> dict[str, str]:
        return {output["OutputKey"]: output["OutputValue"] for output in self.described(name).get("Outputs", [])}

    def resources(self) -> dict[str, dict]:
        """Every resource by its logical name."""
        pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=NAME)
        return {one["LogicalResourceId"]: one for page in pages for one in page["StackResourceSummaries"]}

    def api(self) -> str:
        """The id of the HTTP API."""
        return next(one["PhysicalResourceId"] for one in self.resources().values() if one["ResourceType"] == "AWS::ApiGatewayV2::Api")

    def failures(self) -> str:
        """What did not go well, in the stack's own words."""
        events = self.cloudformation.describe_stack_events(StackName=NAME)["StackEvents"]
        lines = [f"{one['LogicalResourceId']}: {one.get('ResourceStatusReason')}" for one in events if one["ResourceStatus"].endswith("FAILED")]
        return "\n".join(reversed(lines))

    def live(self) -> dict[str, str]:
        """The version behind each function's alias `live`."""
        versions = {}
        client = self.engine.client("lambda")
        for name, resource in self.resources().items():
            if resource["ResourceType"] == "AWS::Lambda::Alias":
                function = resource["PhysicalResourceId"].split(":")[6]
                versions[name] = client.get_alias(FunctionName=function, Name="live")["FunctionVersion"]
        return versions

    def delete(self) -> str:
        """Deletes it as `sam delete` has it deleted, which itself stops at the nested template's URL on loopback."""
        identifier = self.described()["StackId"]
        self.cloudformation.delete_stack(StackName=NAME)
        self.cloudformation.get_waiter("stack_delete_complete").wait(StackName=identifier, WaiterConfig={"Delay": 1})
        return self.described(identifier)["StackStatus"]


def probe(engine, number: int, template: dict) -> str:
    """What the engine says to a template; empty if it takes it."""
    client, name = engine.client("cloudformation"), f"probe-{number}"
    try:
        identifier = client.create_stack(StackName=name, TemplateBody=json.dumps(template), OnFailure="DELETE")["StackId"]
    except ClientError as refusal:
        return refusal.response["Error"]["Message"]
    stack = {"StackStatus": ""}
    while stack["StackStatus"] not in OVER:
        time.sleep(0.05)
        stack = client.describe_stacks(StackName=identifier)["Stacks"][0]
    if stack["StackStatus"] == "CREATE_COMPLETE":
        client.delete_stack(StackName=name)
        return ""
    events = client.describe_stack_events(StackName=identifier)["StackEvents"]
    return "\n".join([stack.get("StackStatusReason", ""), *(one.get("ResourceStatusReason", "") for one in events)])


def inventory(engine) -> set[str]:
    """Everything that the account has of what a stack may make."""
    def names(service, operation, key, name, prefix=""):
        client = engine.client(service)
        if client.can_paginate(operation):
            pages = client.get_paginator(operation).paginate()
        else:
            pages = [getattr(client, operation)()]
        found = (entry for page in pages for entry in page.get(key, []))
        return {f"{service} {prefix}{entry if name is None else entry[name]}" for entry in found}

    cloudfront = engine.client("cloudfront")
    distributions = cloudfront.list_distributions()["DistributionList"].get("Items", [])
    headers = cloudfront.list_response_headers_policies(Type="custom")["ResponseHeadersPolicyList"].get("Items", [])
    access = cloudfront.list_origin_access_controls()["OriginAccessControlList"].get("Items", [])
    events = engine.client("events")
    buses = [bus["Name"] for bus in events.list_event_buses()["EventBuses"]]
    rules = {f"events {bus}/{rule['Name']}" for bus in buses for rule in events.list_rules(EventBusName=bus)["Rules"]}
    return set().union(
        names("lambda", "list_functions", "Functions", "FunctionName"),
        names("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
        names("apigatewayv2", "get_apis", "Items", "Name"),
        names("dynamodb", "list_tables", "TableNames", None),
        names("s3", "list_buckets", "Buckets", "Name"),
        names("sqs", "list_queues", "QueueUrls", None),
        names("sns", "list_topics", "Topics", "TopicArn"),
        names("sns", "list_subscriptions", "Subscriptions", "SubscriptionArn"),
        names("iam", "list_roles", "Roles", "RoleName"),
        names("logs", "describe_log_groups", "logGroups", "logGroupName"),
        names("secretsmanager", "list_secrets", "SecretList", "Name"),
        names("sesv2", "list_email_identities", "EmailIdentities", "IdentityName"),
        names("sesv2", "list_configuration_sets", "ConfigurationSets", None),
        names("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
        names("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
        {f"cloudfront {one['Id']}" for one in [*distributions, *access]},
        {f"cloudfront {one['ResponseHeadersPolicy']['Id']}" for one in headers},
        {f"events {bus}" for bus in buses},
        rules,
    )


def kinds(resources: dict[str, dict]) -> dict[str, int]:
    """How many resources of each type there are."""
    counted: dict[str, int] = {}
    for resource in resources.values():
        counted[resource["ResourceType"]] = counted.get(resource["ResourceType"], 0) + 1
    return counted


def printed_reason(text: str) -> str:
    """The line of SAM's output that says what is wrong."""
    lines = [line for line in text.splitlines() if re.search(r"Error|failed|rror occurred", line)]
    return lines[-1] if lines else text[-300:]
