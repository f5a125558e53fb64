"""ministack on loopback: started, asked and stopped."""

import http.client
import json
import os
import pathlib
import socket
import subprocess
import time

import boto3

ACCOUNT, REGION = "111122223333", "eu-central-1"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Engine:
    """One ministack process, empty at its start, all in memory."""

    def __init__(self, python: pathlib.Path, folder: pathlib.Path):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "ministack.log"
        # Nothing of ours is handed on: a function sees its own variables and what ministack adds.
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            # A function may do what its role grants it, and nothing else.
            "AUTH": "true",
        }
        command = [python, "-m", "ministack.app"]
        self.process = subprocess.Popen(command, cwd=folder, env=environment, stdout=self.log.open("wb"), stderr=subprocess.STDOUT)
        self.session = boto3.Session(aws_access_key_id=ACCOUNT, aws_secret_access_key="test", region_name=REGION)
        self.wait()

    def wait(self):
        """Until it answers."""
        for _ in range(300):
            if self.process.poll() is not None:
                break
            try:
                if self.get("/_ministack/health").get("services"):
                    return
            except OSError:
                time.sleep(0.1)
        raise SystemExit(f"ministack does not start:\n{self.log.read_text()}")

    def stop(self):
        self.process.terminate()
        self.process.wait(30)

    def keep_logs(self, path: pathlib.Path):
        """Writes down what the functions logged."""
        logs = self.client("logs")
        with path.open("w", encoding="utf-8") as file:
            for group in logs.describe_log_groups()["logGroups"]:
                events = logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
                file.writelines(f"{group['logGroupName']}: {event['message'].rstrip()}\n" for event in events)

    def client(self, service: str):
        """A client of the SDK for one service."""
        return self.session.client(service, endpoint_url=self.url)

    def environment(self) -> dict[str, str]:
        """What a command needs that takes this for AWS."""
        return {
            **os.environ,
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": self.url,
            "SAM_CLI_TELEMETRY": "0",
        }

    def get(self, path: str):
        """One of ministack's own pages."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path)
        return json.load(connection.getresponse())

    def mails(self, address: str) -> list[dict]:
        """What SES took for an address, the oldest first."""
        messages = self.get("/_ministack/ses/messages")["messages"].get(ACCOUNT, [])
        return [message for message in messages if address in message["To"]]

    def page(self, api: str, path: str) -> tuple[int, dict[str, str], str]:
        """What a browser is answered; gives status, headers with their names in small letters, and text."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", path, headers={"host": f"{api}.execute-api.localhost:{self.port}", "accept-language": "de"})
        answer = connection.getresponse()
        text = answer.read().decode()
        if answer.status == 308:
            return self.page(api, answer.headers["location"])
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}, text

    def call(self, api: str, method: str, path: str, body: dict | None = None, token: str | None = None) -> tuple[int, dict | None]:
        """A request to an HTTP API, by its host name; gives status and JSON.

        ministack takes `/x/` for none of the routes `/x` and `/x/{proxy+}`; the function behind `$default` then names the
        other form, and a client follows.
        """
        headers = {"host": f"{api}.execute-api.localhost:{self.port}"}
        if body is not None:
            headers["content-type"] = "application/json"
        if token:
            headers["authorization"] = f"Bearer {token}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        data = answer.read()
        if answer.status == 308:
            return self.call(api, method, answer.headers["location"], body, token)
        return answer.status, json.loads(data) if data else None
