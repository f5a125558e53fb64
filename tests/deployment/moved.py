"""A stack of an earlier version, with the data of people who signed in to it, is updated to this one.

The earlier version runs as its own local cloud, since its functions find no emulator. What it stored there is put into the
tables and the secret of a stack that is made of its template; that stack is then updated.
"""

import json
import pathlib
import subprocess
import time
import urllib.request

import boto3
from engine import REGION
from package import package
from visitor import CODE, Visitor, check


class Earlier:
    """The local cloud of an earlier version, in memory."""

    def __init__(self, tree: pathlib.Path):
        command = [tree / "target/debug/local", "--memory", "--port", "0"]
        self.process = subprocess.Popen(command, cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = next((line for line in self.process.stdout if line.startswith("listening on ")), None)
        assert line, f"the local cloud of {tree} does not start"
        self.url = line.split()[-1]
        self.endpoints = self.call("GET", "/_local/endpoints")

    def stop(self):
        self.process.terminate()
        self.process.wait(30)

    def call(self, method: str, path: str, body=None, token=None) -> dict:
        headers = {"content-type": "application/json", **({"authorization": f"Bearer {token}"} if token else {})}
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data, headers, method=method)) as answer:
            return json.load(answer)

    def sign_in(self, visitor: Visitor):
        """Signs a person in here, who will go on in the stack."""
        self.call("POST", "/api/auth/otp/request/", {"identifier": visitor.address})
        text = self.call("GET", f"/_local/outbox?to={visitor.address}")[0]["text"]
        answer = self.call("POST", "/api/auth/otp/verify/", {"identifier": visitor.address, "otp_code": CODE.search(text)[0]})
        visitor.keep(answer["tokens"])
        visitor.id = answer["user"]["id"]
        self.call("PATCH", "/api/profile/", {"first_name": "Jane"}, visitor.access)

    def client(self, service: str):
        session = boto3.Session("local", "local", region_name=REGION)
        return session.client(service, endpoint_url=self.endpoints[service])

    def items(self, table: str) -> list[dict]:
        pages = self.client("dynamodb").get_paginator("scan").paginate(TableName=self.endpoints["tables"][table], ConsistentRead=True)
        return [item for page in pages for item in page["Items"]]

    def secret(self) -> str:
        return self.client("secretsmanager").get_secret_value(SecretId=self.endpoints["secret_id"])["SecretString"]


def moved(engine, stack, packaged, tree: pathlib.Path, parameters: dict[str, str]):
    """Makes the stack of `tree`, fills it, updates it, and looks whether everybody is still there."""
    template = package(tree, tree / "target/debug", stack.folder / "earlier", engine.url).template
    known = {name: value for name, value in parameters.items() if name in template["Parameters"]}
    if "PublicUrl" in template["Parameters"] and "Custom::Keys" not in str(template):
        known["PublicUrl"] = "https://auth.example.org"
    well, printed = stack.deploy(template, known)
    check("the stack of the earlier version is there", well, stack.failures() or printed)
    earlier = Earlier(tree)
    jane = Visitor(engine, stack.api(), "jane@example.com")
    try:
        earlier.sign_in(jane)
        written = {name: fill(engine, stack, f"{name.title()}Table", earlier.items(name)) for name in ("accounts", "ephemeral")}
        engine.client("secretsmanager").put_secret_value(SecretId=stack.outputs()["SecretArn"], SecretString=earlier.secret())
    finally:
        earlier.stop()
    check(f"it has what people left there: {written}", all(written.values()))
    before = stack.resources()
    started = time.monotonic()
    well, printed = stack.deploy(packaged.template, parameters)
    took = time.monotonic() - started
    check(f"it is updated to this version ({took:.1f} s)", well and stack.status() == "UPDATE_COMPLETE", stack.failures() or printed)
    after = stack.resources()
    kept = ("Accounts", "Ephemeral", "Secret", "Avatars", "Bus")
    changed = [name for name in kept if before[name]["PhysicalResourceId"] != after[name]["PhysicalResourceId"]]
    check(f"the same as before: {', '.join(kept)}", not changed, changed)
    check("  with the keys from before", json.loads(earlier_keys(engine, stack)).keys() >= {"SIGNING_KEYS", "PEPPERS"})
    jane.api = stack.api()
    jane.renew()
    profile = jane.call("GET", "/api/profile/")
    check("a session of the earlier version goes on, with its profile", profile["first_name"] == "Jane" and profile["id"] == jane.id, profile)
    return jane


def earlier_keys(engine, stack) -> str:
    return engine.client("secretsmanager").get_secret_value(SecretId=stack.outputs()["SecretArn"])["SecretString"]


def fill(engine, stack, output: str, items: list[dict]) -> int:
    """Puts items into a table of the stack."""
    client, table = engine.client("dynamodb"), stack.outputs()[output]
    for item in items:
        client.put_item(TableName=table, Item=item)
    return len(items)
