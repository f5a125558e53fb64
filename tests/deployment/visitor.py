"""A person who signs in, looks around and leaves, over HTTP."""

import base64
import json
import re
import sys
import time

CODE = re.compile(r"\b\d{6}\b")


def check(what: str, holds, found=None):
    """One line for each thing that was looked at; the first that does not hold ends the run."""
    print("ok   " if holds else "WRONG", what, flush=True)
    if not holds:
        print(f"found: {str(found)[-3000:]}", file=sys.stderr)
        sys.exit(1)


def eventually(look, seconds: float = 60):
    """What `look` finds, as soon as it finds something."""
    end = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < end:
        time.sleep(0.2)
    return found


def claims(token: str) -> dict:
    """What a token says, unverified."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


class Visitor:
    """One person at one API."""

    def __init__(self, engine, api: str, address: str):
        self.engine, self.api, self.address = engine, api, address
        self.access = self.refresh = self.id = None

    def call(self, method: str, path: str, body: dict | None = None, expected: int = 200) -> dict:
        """A request that must be answered as expected."""
        status, answer = self.engine.call(self.api, method, path, body, self.access)
        if status != expected:
            check(f"{method} {path} is answered {expected}", False, (status, answer))
        return answer

    def ask(self) -> dict:
        """Asks for a code."""
        return self.call("POST", "/api/auth/otp/request/", {"identifier": self.address})

    def sign_in(self) -> dict:
        """Asks for a code, reads it in the mail and redeems it."""
        seen = len(self.engine.mails(self.address))
        sent = self.ask()
        mails = self.engine.mails(self.address)[seen:]
        check("the code is in the mail that SES took", len(mails) == 1 and CODE.search(mails[0]["BodyText"]), mails)
        code = CODE.search(mails[0]["BodyText"])[0]
        answer = self.call("POST", "/api/auth/otp/verify/", {"identifier": self.address, "otp_code": code})
        self.keep(answer["tokens"])
        self.id = answer["user"]["id"]
        return sent

    def keep(self, tokens: dict):
        self.access, self.refresh = tokens["access"], tokens["refresh"]

    def renew(self):
        """A new pair of tokens for the refresh token."""
        self.keep(self.call("POST", "/api/auth/token/refresh/", {"refresh": self.refresh}))
