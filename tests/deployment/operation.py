"""What an operator does with the stack by `latchkey --stack`, with nothing exported but the way to AWS."""

import json
import pathlib
import subprocess

from stack import NAME
from terminal import Terminal
from visitor import check

# What the doctor finds wrong here, and why it is right to. Every other check must be well, and each of these must fail: one
# that does not is stale.
WRONG_HERE = {
    "accounts table": "ministack drops TimeToLiveSpecification",
    "accounts recovery": "ministack drops PointInTimeRecoverySpecification",
    "ephemeral table": "ministack writes OnDemandThroughput's numbers as texts, which the SDK does not read",
    "key set": "the stack's URL is at AWS's own domain, which leads nowhere here",
    "issuer": "the stack's URL is at AWS's own domain, which leads nowhere here",
    "pictures": "the bucket's URL is at AWS's own domain, which leads nowhere here",
    "DKIM": "nobody put the domain's records into a DNS",
}


class Operator:
    """Somebody at a terminal who knows the stack's name."""

    def __init__(self, engine, latchkey: pathlib.Path):
        self.engine, self.latchkey = engine, latchkey

    def run(self, *words: str, given: str = "", expected: int = 0):
        """What a command answers; one that ends otherwise than expected ends the run."""
        command = [self.latchkey, "--stack", NAME, "--json", *words]
        run = subprocess.run(command, env=self.engine.environment(), input=given, capture_output=True, text=True)
        if run.returncode != expected:
            check(f"latchkey {' '.join(words)} ends with {expected}", False, f"{run.returncode}: {run.stdout}{run.stderr}")
        return json.loads(run.stdout or "null")

    def types_a_secret(self, name: str, value: str):
        """Puts a value into the secret at a terminal, which shows nothing of it."""
        command = [self.latchkey, "--stack", NAME, "secret", "set", name]
        terminal = Terminal(command, pathlib.Path(), self.engine.environment())
        terminal.answer(f"{name} (", value, hidden=True)
        code, said = terminal.end()
        check("  and shows nothing of what is typed", code == 0 and value not in terminal.all, said)


def operate(engine, stack, latchkey: pathlib.Path, jane):
    """Keys, people, figures and the doctor."""
    operator = Operator(engine, latchkey)
    keys = operator.run("keys", "list")
    operator.types_a_secret("TWILIO_NEXT_AUTH_TOKEN", "0123456789abcdef0123456789abcdef")
    listed = {one["name"]: one["set"] for one in operator.run("secret", "list")}
    check("a provider's key is put into the secret", listed["TWILIO_NEXT_AUTH_TOKEN"] and listed["PEPPERS"], listed)
    operator.run("secret", "remove", "TWILIO_NEXT_AUTH_TOKEN")
    check("  and taken out again; the signing keys are what they were", operator.run("keys", "list") == keys and len(keys) == 2, keys)
    found = operator.run("users", "find", jane.address)
    check("a person is found by the address", [one["id"] for one in found] == [jane.id], found)
    operator.run("users", "grant", jane.id, "admin")
    jane.renew()
    figures = jane.call("GET", "/api/analytics/otp/")["totals"]
    check("an admin sees the figures that the operator sees", figures == operator.run("analytics", "otp")["totals"], figures)
    operator.run("users", "revoke-role", jane.id, "admin")
    operator.run("suppressions", "add", "joe@example.net")
    held = operator.run("suppressions", "list")
    check("an address is suppressed", [one["reason"] for one in held] == ["operator"], held)
    operator.run("suppressions", "remove", "joe@example.net")
    check("  and no more", operator.run("suppressions", "list") == [])
    findings = {one["check"]: one for one in operator.run("doctor", expected=5)}
    wrong = {name: one["detail"] for name, one in findings.items() if one["state"] == "failed"}
    check(f"the doctor looks at {len(findings)} things; what is wrong is what ministack lacks", wrong.keys() == WRONG_HERE.keys(), wrong)
