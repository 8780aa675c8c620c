"""Shapes of policies in the files of other tools."""

from __future__ import annotations

from pydantic import Field

from headgate.api.models.common import Body, Shape
from headgate.api.models.policies import PolicyVersionView, Remark


class ImportFile(Body):
    """A file with policies: DMN, GoRules JSON, xlsx, csv or YAML, told by the ending of its name."""

    filename: str = Field(min_length=3, max_length=200, description="Its ending says what it is: rates.dmn")
    content: str = Field(min_length=4, max_length=7_000_000, description="The file's bytes in base64.")
    policy: str = Field("", max_length=64, description="The policy that a spreadsheet changes.")
    decision: str = Field("", max_length=64, description="The one to take of several in a DMN or GoRules model.")
    check: bool = Field(False, description="Only say what would come of it; nothing is stored.")


class ExchangeNotice(Shape):
    """Something that was changed or left behind on the way, and where."""

    place: str
    message: str
    fix: str


class ImportedTest(Shape):
    """A test of an imported policy, run."""

    name: str
    passed: bool
    problems: list[str]


class ImportedPolicy(Shape):
    """A policy of the file: its text as YAML, what changed on the way, what lints and tests say."""

    policy: str
    version: int
    sound: bool = Field(description="Whether it can be drafted and its tests pass.")
    text: str
    notices: list[ExchangeNotice]
    remarks: list[Remark]
    tests: list[ImportedTest]


class ImportResult(Shape):
    """The policies of the file, and the drafts that were stored."""

    policies: list[ImportedPolicy]
    drafted: list[PolicyVersionView]
