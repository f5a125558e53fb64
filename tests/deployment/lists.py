"""Whether the lists of what ministack does not know are needed as they stand."""

import json
import re
import time

import boto3
from botocore.exceptions import ClientError
from engine import ACCOUNT, REGION
from grants import GRANTS, may
from left_out import RULES, SUBSTITUTES, probe_of
from stack import probe
from visitor import check, eventually


def the_lists_are_current(engine, packaged):
    """What is left out is there to be left out, and ministack still does not know it."""
    for number, rule in enumerate(RULES):
        names = packaged.left_out[rule.name]
        check(f"{len(names)} left out: {rule.name} ({rule.reason})", names, "nothing in the template")
        said = probe(engine, number, rule.probe)
        check("  and ministack does not know it", rule.refusal in said, said or "ministack takes it: no need to leave it out")
    for number, substitute in enumerate(SUBSTITUTES, len(RULES)):
        used = packaged.substituted[substitute.name]
        check(f"{used} substituted: {substitute.name} ({substitute.reason})", used, "nothing in the template")
        said = answer_of(engine, number, substitute)
        check("  and ministack does answer otherwise", re.fullmatch(substitute.answer, said), said)
    for one in GRANTS:
        met = packaged.loosened[one.name]
        check(f"{met} grants loosened: {one.name} (ministack does not see what they ask for)", met, "nothing in the template")
        check("  and it lets nobody in by them", not let_in(engine, one.action, one.probe), "it does: no need to loosen them")
        account = {"Condition": {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}}
        check("  but by what it sees", let_in(engine, one.action, account))
    plain = engine.url.startswith("http:")
    check(f"{packaged.denials} statements left out that refuse plain http, which is all that is spoken here", packaged.denials and plain)


def answer_of(engine, number: int, substitute) -> str:
    """What ministack answers where something is put in its place."""
    client, name = engine.client("cloudformation"), f"probe-{number}"
    client.create_stack(StackName=name, TemplateBody=json.dumps(probe_of(substitute)))
    stack = eventually(lambda: finished(client, name))
    answer = stack["Outputs"][0]["OutputValue"]
    if substitute.properties:
        answer = engine.client("secretsmanager").get_secret_value(SecretId=answer)["SecretString"]
    client.delete_stack(StackName=name)
    return answer


def let_in(engine, action: str, limits: dict) -> bool:
    """Whether a role that may do one thing within limits may do it."""
    client, name = engine.client("cloudformation"), f"role-{time.monotonic_ns()}"
    client.create_stack(StackName=name, TemplateBody=json.dumps(may(action, limits)), Capabilities=["CAPABILITY_IAM"])
    stack = eventually(lambda: finished(client, name))
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    taken = engine.client("sts").assume_role(RoleArn=outputs["Role"], RoleSessionName="probe")["Credentials"]
    session = boto3.Session(taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"], REGION)
    try:
        attempt(engine, session, action, outputs["Table"])
    except ClientError as refusal:
        if "AccessDenied" not in refusal.response["Error"]["Code"]:
            raise
        return False
    finally:
        client.delete_stack(StackName=name)
        client.get_waiter("stack_delete_complete").wait(StackName=stack["StackId"], WaiterConfig={"Delay": 1})
    return True


def attempt(engine, session, action: str, table: str):
    """A transaction of one put, or a mail, by a session."""
    if action == "dynamodb:PutItem":
        put = {"Put": {"TableName": table, "Item": {"pk": {"S": "probe"}}}}
        session.client("dynamodb", endpoint_url=engine.url).transact_write_items(TransactItems=[put])
        return
    engine.client("ses").verify_domain_identity(Domain="example.org")
    mail = {"Data": b"From: a@example.org\r\nTo: success@simulator.amazonses.com\r\nSubject: probe\r\n\r\nprobe\r\n"}
    try:
        session.client("ses", endpoint_url=engine.url).send_raw_email(RawMessage=mail)
    finally:
        engine.client("ses").delete_identity(Identity="example.org")


def finished(client, name: str) -> dict | None:
    """A stack that is made, if it is."""
    stack = client.describe_stacks(StackName=name)["Stacks"][0]
    return stack if stack["StackStatus"] == "CREATE_COMPLETE" else None
