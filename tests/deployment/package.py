"""template.yaml as CloudFormation gets it: expanded by SAM's translator, the functions' binaries in zip files."""

import contextlib
import dataclasses
import io
import json
import os
import pathlib
import shutil
import subprocess
import zipfile

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")

import boto3
from grants import granted, spoken_to_plainly
from left_out import substituted, without
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator


def packed(binary: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """A zip with the binary as `bootstrap`, without what only a debugger reads."""
    folder.mkdir(parents=True, exist_ok=True)
    stripped = folder / f"{binary.name}.stripped"
    subprocess.run(["strip", "-o", stripped, binary], check=True)
    path = folder / f"{binary.name}.zip"
    entry = zipfile.ZipInfo("bootstrap", (2020, 1, 1, 0, 0, 0))  # the same bytes give the same zip
    entry.external_attr = 0o755 << 16
    with zipfile.ZipFile(path, "w") as archive, stripped.open("rb") as source, archive.open(entry, "w") as target:
        shutil.copyfileobj(source, target, 1 << 20)
    stripped.unlink()
    return path


@dataclasses.dataclass
class Package:
    """What is deployed, and how it differs from what AWS gets."""

    template: dict
    left_out: dict[str, list[str]]
    substituted: dict[str, int]
    loosened: dict[str, int]
    denials: int


# By docs/CONFIGURATION.md. ministack tells a function its one address by AWS_ENDPOINT_URL, which ours do not read.
ENDPOINTS = [f"AWS_ENDPOINT_URL_{service}" for service in ("DYNAMODB", "S3", "SES", "SNS", "SECRETS_MANAGER", "EVENTBRIDGE")]


def package(root: pathlib.Path, binaries: pathlib.Path, folder: pathlib.Path, cloud: str) -> Package:
    """The template of a source tree with the binaries that were built of it, which find AWS at `cloud`."""
    source = yaml_parse((root / "template.yaml").read_text(encoding="utf-8"))
    zips = {}
    for name, resource in source["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            zips[name] = packed(binaries / resource["Metadata"]["BuildProperties"]["Binary"], folder)
            resource["Properties"]["CodeUri"] = "s3://bucket/key"  # as `sam deploy` leaves it
    translator = Translator({}, Parser(), boto_session=boto3.Session())
    with contextlib.redirect_stderr(io.StringIO()):
        whole = translator.translate(source, {})
    smaller, met = without(whole)
    smaller, needed = substituted(smaller)
    smaller, loosened = granted(smaller)
    smaller, denials = spoken_to_plainly(smaller)
    for name, resource in smaller["Resources"].items():
        if resource["Type"] == "AWS::Lambda::Function":
            resource["Properties"]["Code"] = str(zips[name])
            resource["Properties"]["Environment"]["Variables"].update(dict.fromkeys(ENDPOINTS, cloud))
        elif resource["Type"] == "AWS::CloudFormation::Stack":
            nested = root / resource["Properties"]["TemplateURL"]
            inner, inner_met = without(yaml_parse(nested.read_text(encoding="utf-8")))
            for rule, names in inner_met.items():
                met[rule] += [f"{name}.{inner_name}" for inner_name in names]
            path = folder / nested.name.replace(".yaml", ".json")
            path.write_text(json.dumps(inner, indent=1), encoding="utf-8")
            resource["Properties"]["TemplateURL"] = str(path)
    return Package(smaller, met, needed, loosened, denials)
