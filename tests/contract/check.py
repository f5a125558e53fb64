"""Starts a local cloud, signs an admin in, and has schemathesis try every route of the API's document.

Nothing may be a 5xx, and no answer may stand outside the document: its status, its media type, its headers, its body.
"""

import json
import re
import subprocess
import sys
import urllib.request

BINARY, COMMAND, SCHEMATHESIS, SECONDS = sys.argv[1:]
EMAIL = "jane@example.com"
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "ignored_auth",
]
# These end the session that the run is signed in with, or the account; tests/ has its own tests of them.
ENDINGS = ["endOtherSessions", "eraseAccount", "removeAddress"]


def call(method, url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers={"content-type": "application/json"})
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def sign_in(base):
    call("POST", f"{base}/api/auth/otp/request/", {"identifier": EMAIL})
    text = call("GET", f"{base}/_local/outbox?to={EMAIL}")[0]["text"]
    code = re.search(r"\b\d{6}\b", text)[0]
    answer = call("POST", f"{base}/api/auth/otp/verify/", {"identifier": EMAIL, "otp_code": code})
    return answer["tokens"]["access"]


def main():
    # Wide limits: a 429 is in the document wherever there is one, and would hide everything else.
    settings = ["IP_SENDS_PER_MINUTE=600", "IP_SENDS_BURST=1000", "IP_VERIFIES_PER_MINUTE=600", "ACCESS_TOKEN_MINUTES=60"]
    command = [BINARY, "--memory", "--port", "0"] + [part for one in settings for part in ("--set", one)]
    cloud = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        line = next((line for line in cloud.stdout if line.startswith("open ")), None)
        assert line, "the local cloud does not start"
        base = line.split()[-1]
        token = sign_in(base)
        # The account's roles count, not those in the token.
        subprocess.run([COMMAND, "users", "grant", EMAIL, "admin", "--local", base], check=True, stdout=subprocess.DEVNULL)
        run = [SCHEMATHESIS, "run", f"{base}/openapi.json", "--header", f"Authorization: Bearer {token}"]
        run += ["--checks", ",".join(CHECKS), "--max-time", SECONDS, "--request-timeout", "30", "--continue-on-failure"]
        run += ["--warnings", "off", "--generation-database", "none", "--no-shrink"]
        run += [part for name in ENDINGS for part in ("--exclude-operation-id", name)]
        sys.exit(subprocess.run(run).returncode)
    finally:
        cloud.terminate()
        cloud.wait()


main()
