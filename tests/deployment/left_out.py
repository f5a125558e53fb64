"""What ministack does not know and the stack therefore goes without, and what it knows otherwise, each with its reason.

`probe` is the smallest template that needs it, `refusal` what ministack says to that. A rule that nothing in the template
meets, or whose probe ministack takes, is stale and fails the run.
"""

import dataclasses
import typing

@dataclasses.dataclass(frozen=True)
class Rule:
    """One kind of thing that is left out."""

    name: str
    reason: str
    applies: typing.Callable[[dict], bool]
    probe: dict
    refusal: str
    section: str = "Resources"


def a_kind(kind: str, reason: str) -> Rule:
    """All resources of one type."""
    return Rule(
        name=kind,
        reason=reason,
        applies=lambda resource: resource["Type"] == kind,
        probe={"Resources": {"Probe": {"Type": kind, "Properties": {}}}},
        refusal="Unrecognized resource types",
    )


RULES = [
    a_kind("AWS::CodeDeploy::Application", "no CodeDeploy: an alias moves at once, and no alarm turns a deployment back"),
    a_kind("AWS::CodeDeploy::DeploymentGroup", "no CodeDeploy: an alias moves at once, and no alarm turns a deployment back"),
    Rule(
        name="alarms over more than one metric",
        reason="no metric math in AWS::CloudWatch::Alarm",
        applies=lambda resource: resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"],
        probe={
            "Resources": {
                "Probe": {
                    "Type": "AWS::CloudWatch::Alarm",
                    "Properties": {
                        "Metrics": [{"Id": "one", "Expression": "1"}],
                        "ComparisonOperator": "GreaterThanThreshold",
                        "EvaluationPeriods": 1,
                        "Threshold": 0,
                    },
                }
            }
        },
        refusal="metric math",
    ),
    Rule(
        name="the outputs with the mail identity's DKIM records",
        reason="AWS::SES::EmailIdentity has no attributes there",
        section="Outputs",
        applies=lambda output: "DkimDNSToken" in str(output["Value"]),
        probe={
            "Resources": {"Mail": {"Type": "AWS::SES::EmailIdentity", "Properties": {"EmailIdentity": "example.org"}}},
            "Outputs": {"Probe": {"Value": {"Fn::GetAtt": ["Mail", "DkimDNSTokenName1"]}}},
        },
        refusal="DkimDNSTokenName1 does not exist",
    ),
]


def without(template: dict) -> tuple[dict, dict[str, list[str]]]:
    """The template without what the rules name, and the names that each rule met."""
    met = {rule.name: [] for rule in RULES}
    smaller = {**template, "Resources": dict(template["Resources"]), "Outputs": dict(template.get("Outputs", {}))}
    for rule in RULES:
        for name, part in list(smaller[rule.section].items()):
            if rule.applies(part):
                met[rule.name].append(name)
                del smaller[rule.section][name]
    for resource in smaller["Resources"].values():
        # What an alias asks of CodeDeploy.
        if "CodeDeployLambdaAliasUpdate" in resource.get("UpdatePolicy", {}):
            resource["UpdatePolicy"] = {key: value for key, value in resource["UpdatePolicy"].items() if not key.startswith("CodeDeploy")}
            if not resource["UpdatePolicy"]:
                del resource["UpdatePolicy"]
    return smaller, met


@dataclasses.dataclass(frozen=True)
class Substitute:
    """Something that ministack answers otherwise than AWS, and what is put into the template for it."""

    name: str
    reason: str
    kind: str
    # What stands for a reference to the resource: to an attribute, or to itself where there is none.
    attribute: str | None = None
    stands_in: typing.Callable[[str], dict] | None = None
    # What the resource has on top.
    properties: dict = dataclasses.field(default_factory=dict)
    # A resource of that kind, and what ministack answers for it.
    probe: dict = dataclasses.field(default_factory=dict)
    answer: str = ""


SUBSTITUTES = [
    Substitute(
        name="the URL of an HTTP API",
        reason="ministack's is plain http, which the functions refuse; AWS's is https at its own domain",
        kind="AWS::ApiGatewayV2::Api",
        attribute="ApiEndpoint",
        stands_in=lambda name: {"Fn::Sub": f"https://${{{name}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}"},
        probe={"Name": "probe", "ProtocolType": "HTTP"},
        answer="http://.*",
    ),
    Substitute(
        name="the reference to a secret",
        reason="ministack's is the secret's name; AWS's is its ARN, which grants need",
        kind="AWS::SecretsManager::Secret",
        stands_in=lambda name: {"Fn::GetAtt": [name, "Id"]},
        answer="(?!arn:).*",
    ),
    Substitute(
        name="the value of a secret that has none",
        reason="ministack's is an empty text, in which no function can look for keys; AWS gives such a secret no version",
        kind="AWS::SecretsManager::Secret",
        properties={"SecretString": "{}"},
        answer="",
    ),
]


def substituted(template: dict) -> tuple[dict, dict[str, int]]:
    """The template with every substitute in its place, and how often each was needed."""
    needed = {one.name: 0 for one in SUBSTITUTES}
    ours = [(name, one) for one in SUBSTITUTES for name, part in template["Resources"].items() if part["Type"] == one.kind]
    places = {(name, one.attribute): one for name, one in ours if one.stands_in}

    def place(part: dict) -> tuple | None:
        """The resource and the attribute that a reference names."""
        (key, value), *more = part.items()
        if more or key not in ("Ref", "Fn::GetAtt"):
            return None
        if key == "Ref":
            return value, None
        return tuple(value.split(".", 1) if isinstance(value, str) else value)

    def walk(part):
        if isinstance(part, list):
            return [walk(entry) for entry in part]
        if not isinstance(part, dict) or not part:
            return part
        if found := places.get(place(part)):
            needed[found.name] += 1
            return found.stands_in(place(part)[0])
        return {key: walk(value) for key, value in part.items()}

    changed = {**template, "Resources": walk(template["Resources"]), "Outputs": walk(template["Outputs"])}
    for name, one in ours:
        given = changed["Resources"][name].setdefault("Properties", {})
        if one.properties and not one.properties.keys() & given.keys():
            needed[one.name] += 1
            given.update(one.properties)
    return changed, needed


def probe_of(one: Substitute) -> dict:
    """A stack whose one output is what ministack answers, or names what it is asked of."""
    value = {"Fn::GetAtt": ["Probe", one.attribute]} if one.attribute else {"Ref": "Probe"}
    return {"Resources": {"Probe": {"Type": one.kind, "Properties": one.probe}}, "Outputs": {"Answer": {"Value": value}}}
