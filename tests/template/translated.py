"""A template after SAM's own transform, and what its values are for given parameters."""

import contextlib
import io
import logging
import os
import pathlib

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")
logging.getLogger("samtranslator").setLevel(logging.ERROR)  # it misses an audience for its metrics

import boto3
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator


def read(path: str) -> dict:
    """The template as it stands in its file."""
    return yaml_parse(pathlib.Path(path).read_text(encoding="utf-8"))


def expand(path: str, values: dict | None = None) -> dict:
    """The resources of a template after the transform, for these parameters."""
    template = read(path)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/key"  # as `sam deploy` leaves it
    translator = Translator({}, Parser(), boto_session=boto3.Session())
    with contextlib.redirect_stderr(io.StringIO()):
        return translator.translate(template, values or {})["Resources"]


def filled(value: object, values: dict) -> object:
    """A value with the parameters filled in; what else it refers to stays as it is."""
    if isinstance(value, list):
        return [filled(part, values) for part in value]
    if isinstance(value, dict):
        if set(value) == {"Ref"} and value["Ref"] in values:
            return str(values[value["Ref"]])
        return {key: filled(part, values) for key, part in value.items()}
    return value
