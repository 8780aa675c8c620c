"""A text that was read is remembered, which nobody may notice."""

from __future__ import annotations

import pytest

from headgate.kernel.errors import Invalid
from headgate.policy import parse_policy
from headgate.policy.core.source import read_yaml


def test_what_is_wrong_is_said_of_the_file_that_was_asked_about_each_time() -> None:
    for file in ("first.yaml", "second.yaml", "first.yaml"):
        with pytest.raises(Invalid, match=rf"{file}.*anchor or alias"):
            read_yaml("a: &x 1\nb: *x\n", file)


def test_reading_again_finds_what_was_read_first() -> None:
    text = "policy: p\nversion: 1\ninputs: [{name: a, type: number}]\n"
    first = read_yaml(text, "p.yaml").plain()
    with pytest.raises(Invalid):
        parse_policy(text, "p.yaml")
    assert read_yaml(text, "p.yaml").plain() == first
