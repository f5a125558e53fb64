"""Grants that would let nobody in, since ministack does not see what they ask for; and what is left of them."""

import dataclasses
import typing


@dataclasses.dataclass(frozen=True)
class Loosened:
    """One kind of grant, and what is left of it."""

    name: str
    applies: typing.Callable[[dict], bool]
    loosened: dict
    # The same on the two things that `may` can name.
    action: str
    probe: dict


# (It takes `ForAllValues` on a key that it does not know for met, as AWS does on one that a request does not have, so
# `dynamodb:LeadingKeys` stays.)
GRANTS = [
    Loosened(
        name="in a transaction only",
        applies=lambda grant: "dynamodb:EnclosingOperation" in str(grant.get("Condition")),
        loosened={"Condition": {}},
        action="dynamodb:PutItem",
        probe={"Condition": {"StringEquals": {"dynamodb:EnclosingOperation": "TransactWriteItems"}}},
    ),
    Loosened(
        name="mail from our addresses only",
        applies=lambda grant: "ses:FromAddress" in str(grant.get("Condition")),
        loosened={"Condition": {}},
        action="ses:SendRawEmail",
        probe={"Condition": {"StringLike": {"ses:FromAddress": "*@example.org"}}},
    ),
    Loosened(
        name="mail by our identities and our configuration set only",
        applies=lambda grant: "ses:SendRawEmail" in str(grant.get("Action")) and grant.get("Resource") != "*",
        loosened={"Resource": "*"},
        action="ses:SendRawEmail",
        probe={"Resource": [{"Fn::Sub": "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/*"}]},
    ),
]


def granted(template: dict) -> tuple[dict, dict[str, int]]:
    """The template with looser grants, and how often each was loosened."""
    met = {one.name: 0 for one in GRANTS}

    def walk(part):
        if isinstance(part, list):
            return [walk(entry) for entry in part]
        if not isinstance(part, dict):
            return part
        for one in GRANTS:
            if part.get("Effect") == "Allow" and one.applies(part):
                met[one.name] += 1
                part = {**part, **one.loosened}
        return {name: walk(value) for name, value in part.items() if (name, value) != ("Condition", {})}

    return {**template, "Resources": walk(template["Resources"])}, met


def spoken_to_plainly(template: dict) -> tuple[dict, int]:
    """The template without the statements that refuse calls without TLS, and how many there were."""
    dropped = 0

    def walk(part):
        nonlocal dropped
        if isinstance(part, list):
            kept = [entry for entry in part if not (isinstance(entry, dict) and refuses_plain_http(entry))]
            dropped += len(part) - len(kept)
            return [walk(entry) for entry in kept]
        if not isinstance(part, dict):
            return part
        return {name: walk(value) for name, value in part.items()}

    return {**template, "Resources": walk(template["Resources"])}, dropped


def refuses_plain_http(statement: dict) -> bool:
    return statement.get("Effect") == "Deny" and "aws:SecureTransport" in str(statement.get("Condition"))


def may(action: str, limits: dict) -> dict:
    """A table, and a role that the account may take and that may do one thing within limits."""
    grant = {"Effect": "Allow", "Action": action, "Resource": "*", **limits}
    trust = {"Effect": "Allow", "Principal": {"AWS": {"Ref": "AWS::AccountId"}}, "Action": "sts:AssumeRole"}
    return {
        "Resources": {
            "Table": {
                "Type": "AWS::DynamoDB::Table",
                "Properties": {
                    "BillingMode": "PAY_PER_REQUEST",
                    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                },
            },
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
                    "Policies": [{"PolicyName": "one", "PolicyDocument": {"Version": "2012-10-17", "Statement": [grant]}}],
                },
            },
        },
        "Outputs": {"Table": {"Value": {"Ref": "Table"}}, "Role": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}}},
    }
