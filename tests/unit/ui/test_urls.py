"""Addresses carry any code safely."""

from urllib.parse import unquote

import pytest

from headgate.console import urls


@pytest.mark.parametrize("code", ["WEB1-10023", "A/B", "~1", "a~0/b", "50 %", "Ł?#&", "..", "a b"])
def test_a_code_is_one_segment_and_comes_back(code: str) -> None:
    segment = urls.segment(code)
    assert not set(segment) & set("/?#& ")
    assert urls.code_of(unquote(segment)) == code


def test_only_parameters_with_a_value_are_kept() -> None:
    assert urls.query("/orders", [("status", ""), ("q", "a b&c")]) == "/orders?q=a+b%26c"
    assert urls.query("/orders", [("status", "")]) == "/orders"


def test_a_row_of_a_policy_is_marked_in_the_address() -> None:
    assert urls.policy_row("price_deviation", 4, "deep") == "/policies/price_deviation/versions/4?row=deep#row-deep"


def test_what_a_case_is_about_leads_to_its_page() -> None:
    assert urls.subject("policy_change", "price_deviation@4", "c-1") == "/policies/price_deviation/versions/4"
    assert urls.subject("policy_change", "price_deviation", "c-1") == "/policies"
    assert urls.subject("return", "R-1", "c-1") == "/cases/c-1"
