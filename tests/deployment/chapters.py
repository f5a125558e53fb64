"""The chapters of a stack's life, each with what must hold in it."""

import copy
import json
import re
import time

from stack import inventory, kinds, printed_reason
from visitor import Visitor, check, claims, eventually

# What DEPLOY.md tells an operator to give. No grace, so that an erasure can be seen.
PARAMETERS = {
    "Stage": "dev",
    "OtpConcurrency": "-1",
    "ReadConcurrency": "-1",
    "PictureDelivery": "s3",
    "MailIdentity": "example.net",
    "MailFrom": "Example <no-reply@example.net>",
    "EraseGraceDays": "0",
}


def refused_before_anything_is_made(engine, stack, template):
    """A missing or a wrong parameter ends the deployment before there is a resource."""
    before = inventory(engine)
    sender = {"MailFrom": "Example"}
    well, printed = stack.deploy(template, {**PARAMETERS, **sender})
    check(f"sam deploy is told of a sender without an address: {printed_reason(printed)}", not well and "MailFrom" in printed_reason(printed), printed)
    for what, change, reason in [
        ("no sender", {"MailFrom": None}, "MailFrom"),
        ("an identity that is an address", {"MailIdentity": "no-reply@example.net"}, "MailIdentity"),
        ("the stage `local`", {"Stage": "local"}, "Stage"),
        ("a domain without a certificate", {"DomainName": "auth.example.com"}, "A custom domain needs CertificateArn"),
        ("a URL over plain http", {"PublicUrl": "http://auth.example.com"}, "PublicUrl"),
    ]:
        values = {name: value for name, value in {**PARAMETERS, **change}.items() if value is not None}
        said = stack.refusal(template, values)
        check(f"{what} is refused: {said}", reason in said)
    left = {name for name in inventory(engine) - before if "aws-sam-cli" not in name}
    check("  and nothing was made", not left, left)


def failed_at_first(engine, stack, packaged):
    """A first deployment that fails is in nobody's way."""
    before = inventory(engine)
    well, printed = stack.deploy(broken(packaged.template), PARAMETERS)
    check("a first deployment that fails takes back what it made", not well and "ROLLBACK" in printed, printed)
    left = inventory(engine) - before
    tables = {one for one in left if one.startswith("dynamodb ")}
    check(f"  but for {len(tables)} tables, which are protected", len(tables) == 2 and left == tables, left)
    # AWS updates no stack that was rolled back at its creation; ministack would.
    check("  and what is left of the stack can be deleted", stack.delete() == "DELETE_COMPLETE")


def made(engine, stack, packaged):
    """The first deployment; gives the API's id."""
    started = time.monotonic()
    well, printed = stack.deploy(packaged.template, PARAMETERS)
    took = time.monotonic() - started
    check(f"one deployment makes the stack ({took:.1f} s)", well and stack.status() == "CREATE_COMPLETE", stack.failures() or printed)
    resources = stack.resources()
    unfinished = {name for name, one in resources.items() if one["ResourceStatus"] != "CREATE_COMPLETE"}
    check(f"{len(resources)} resources of {len(kinds(resources))} types are there", not unfinished, unfinished)
    outputs = stack.outputs()
    keys = json.loads(engine.client("secretsmanager").get_secret_value(SecretId=outputs["SecretArn"])["SecretString"])
    check("the secret has signing keys and peppers, without a step by hand", {"SIGNING_KEYS", "PEPPERS"} <= set(keys), sorted(keys))
    sends(engine)
    return stack.api()


def sends(engine):
    """What DNS and Amazon's people do in a real account: the domain is verified, and the sandbox is left."""
    engine.client("ses").verify_domain_identity(Domain=PARAMETERS["MailIdentity"])
    engine.client("sesv2").put_account_details(
        MailType="TRANSACTIONAL", WebsiteURL="https://example.com", UseCaseDescription="Sign-in codes.", ProductionAccessEnabled=True
    )


def use(engine, stack, jane):
    """A person signs in and looks around."""
    sent = jane.sign_in()
    check(f"a code lives {sent['expires_in']} s", sent["expires_in"] == 600, sent)
    issuer = jane.call("GET", "/.well-known/openid-configuration")["issuer"]
    check(f"discovery names the stack's URL as issuer: {issuer}", issuer == stack.outputs()["PublicUrl"], stack.outputs())
    check("  and so does the token", claims(jane.access)["iss"] == issuer, claims(jane.access))
    check("an unknown path is answered by our 404", jane.call("GET", "/nowhere/", expected=404)["code"] == "not_found")
    jane.call("PATCH", "/api/profile/", {"first_name": "Jane"})
    jane.renew()
    profile = jane.call("GET", "/api/profile/")
    check("the profile keeps what was changed, read with a refreshed token", profile["first_name"] == "Jane", profile)
    export = jane.call("GET", "/api/profile/export/")
    check("the export has the person and the session", export["id"] == jane.id and len(export["sessions"]["items"]) == 1, export)
    mails = eventually(lambda: [mail for mail in engine.mails(jane.address) if mail["Subject"].startswith("Welcome")])
    check("the welcome came: stream, mapping, function, bus, rule, function, mail", len(mails) == 1, engine.mails(jane.address))


def browse(engine, jane):
    """A browser opens the pages, and every file that they name."""
    files = set()
    for path, lang in [("/", "de"), ("/account/", "en"), ("/admin/", "en")]:
        status, headers, text = engine.page(jane.api, path)
        check(f"{path} is a page", status == 200 and f'<html lang="{lang}">' in text, (status, text))
        check("  that takes no text for a script", "trusted-types 'none'" in headers["content-security-policy"], headers)
        files.update(re.findall(r'"(/assets/[^"]+)"', text))
    for file in files:
        status, headers, text = engine.page(jane.api, file)
        is_there = status == 200 and text and "immutable" in headers["cache-control"]
        if not is_there:
            check(f"{file} is there", False, (status, headers, text))
    check(f"{len(files)} files are there, to be kept for good", len(files) > 30, files)
    status, headers, _ = engine.page(jane.api, "/assets/signin.0123456789abcdef.js")
    check("a file of an earlier version is answered with this one's", (status, headers["cache-control"]) == (200, "no-store"), headers)


def update(engine, stack, packaged, jane):
    """One parameter changes; `live` answers with it, and nobody notices."""
    before = stack.live()
    check("every alias is at the version of the first deployment", set(before.values()) == {"1"}, before)
    started = time.monotonic()
    well, printed = stack.deploy(packaged.template, {**PARAMETERS, "OtpExpiryMinutes": "5"})
    took = time.monotonic() - started
    check(f"an update with OtpExpiryMinutes=5 ({took:.1f} s)", well and stack.status() == "UPDATE_COMPLETE", stack.failures() or printed)
    after = stack.live()
    check(f"  `live` of all {len(after)} functions went from version 1 to 2", set(after.values()) == {"2"} and set(after) == set(before), after)
    joe = Visitor(engine, jane.api, "joe@example.com")
    sent = joe.sign_in()
    check(f"  and answers with it: a code lived 600 s and lives {sent['expires_in']}", sent["expires_in"] == 300, sent)
    jane.renew()
    check("a session from before goes on", jane.call("GET", "/api/profile/")["first_name"] == "Jane")
    well, printed = stack.deploy(packaged.template, {**PARAMETERS, "OtpExpiryMinutes": "5"})
    check("the same once more changes nothing", well and "No changes to deploy" in printed and stack.live() == after, printed)


def broken(template: dict) -> dict:
    """The template with one more resource, which fails when all others that matter are done."""
    failing = copy.deepcopy(template)
    aliases = sorted(name for name, one in failing["Resources"].items() if one["Type"] == "AWS::Lambda::Alias")
    # Lambda publishes no second version of what is the same.
    failing["Resources"]["Broken"] = {
        "Type": "AWS::Lambda::Version",
        "DependsOn": [*aliases, "ApiStage", "Keys"],
        "Properties": {"FunctionName": {"Ref": "OtpRequest"}},
    }
    return failing


def rolled_back(engine, stack, packaged, jane):
    """An update that fails half way leaves what was there."""
    before, keys = stack.live(), secret(engine, stack)
    well, printed = stack.deploy(broken(packaged.template), {**PARAMETERS, "OtpExpiryMinutes": "7"})
    check("an update that fails is rolled back", not well and stack.status() == "UPDATE_ROLLBACK_COMPLETE", printed)
    ann = Visitor(engine, jane.api, "ann@example.com")
    check("  every alias is where it was", stack.live() == before, (before, stack.live()))
    check("  and what was there answers: a code lives 300 s", ann.sign_in()["expires_in"] == 300)
    jane.renew()
    check("  with the keys from before", secret(engine, stack) == keys)


def secret(engine, stack) -> str:
    return engine.client("secretsmanager").get_secret_value(SecretId=stack.outputs()["SecretArn"])["SecretString"]


def leave(engine, stack, jane):
    """A person leaves; nothing of them stays in the tables, but for what is kept on purpose."""
    tables = [stack.outputs()[name] for name in ("AccountsTable", "EphemeralTable")]
    there = [len(mentions(engine, table, jane)) for table in tables]
    check(f"before the erasure, {there[0]} and {there[1]} items of the two tables name the person", all(there))
    jane.call("DELETE", "/api/profile/", expected=202)
    jane.call("GET", "/api/profile/", expected=401)
    for table in tables:
        gone = eventually(lambda table=table: not mentions(engine, table, jane))
        check(f"afterwards {table} has neither id nor address", gone, mentions(engine, table, jane))


def mentions(engine, table: str, visitor) -> list[str]:
    """The items of a table that name a person."""
    pages = engine.client("dynamodb").get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    items = [json.dumps(item, default=str) for page in pages for item in page["Items"]]
    return [item for item in items if visitor.id in item or visitor.address in item]


def delete(engine, stack, before):
    """The stack goes; what stays is what template.yaml keeps on purpose."""
    kept = {"Accounts", "Ephemeral", "Avatars", "Secret", "MailIdentityResource"}
    names = {stack.resources()[name]["PhysicalResourceId"] for name in kept}
    status = stack.delete()
    left = inventory(engine) - before
    strange = {one for one in left if one.split(" ", 1)[1] not in names and "aws-sam-cli" not in one}
    check(f"the stack is deleted, and {len(names)} things are kept: {', '.join(sorted(kept))}", status == "DELETE_COMPLETE" and not strange, strange)
