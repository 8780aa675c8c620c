from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.access.core.webhooks import encode_secret, verify_webhook
from headgate.connectors.delivery.core.addresses import Destination
from headgate.connectors.delivery.core.message import (
    Fact,
    Secret,
    body_of,
    check_authorization,
    headers_of,
    host_header,
    source_of,
)
from headgate.connectors.delivery.core.redact import HIDDEN, LONGEST, excerpt
from headgate.kernel.errors import Invalid

NOW = datetime(2026, 3, 2, 9, 0, 0, 500_000, tzinfo=UTC)
ID = UUID("019f2d4e-0000-7000-8000-000000000001")
TO = Destination(True, "erp.example", 443, "/hooks")
OLD, NEW = encode_secret(b"o" * 32), encode_secret(b"n" * 32)


def fact(**changes) -> Fact:
    fields = {"id": "e-1", "source": "urn:x", "type": "order.held", "subject": "O-1", "time": NOW, "data": {}}
    return Fact(**{**fields, **changes})


def test_every_secret_in_use_signs_and_those_whose_time_is_up_do_not() -> None:
    secrets = (Secret(NEW), Secret(OLD, NOW + timedelta(seconds=1)), Secret(OLD, NOW))
    headers = dict(headers_of(ID, b"{}", TO, secrets, "", "", NOW))
    assert len(headers["webhook-signature"].split()) == 2
    for text in (OLD, NEW):
        assert verify_webhook(b"{}", headers, [text], NOW, timedelta(minutes=5)) == str(ID)
    assert "webhook-signature" not in dict(headers_of(ID, b"{}", TO, (), "", "", NOW))


def test_amounts_are_written_exactly() -> None:
    body = json.loads(body_of(fact(data={"total": Decimal("1234567890.10")})))
    assert body["data"] == {"total": "1234567890.10"}
    assert "subject" not in json.loads(body_of(fact(subject="")))


@given(st.text(max_size=50), st.text(max_size=50), st.text(max_size=50))
def test_nothing_of_a_message_can_begin_a_header(subject: str, type_: str, source: str) -> None:
    made = fact(subject=subject, type=type_, source=source_of(ID, source))
    headers = headers_of(ID, body_of(made, {"idempotencykey": subject}), TO, (Secret(NEW),), "", "", NOW)
    for name, value in headers:
        assert value.isascii()
        assert value.isprintable()
        assert ":" not in name
    assert source_of(ID, source).isascii()


@pytest.mark.parametrize("value", ["a\r\nb", "a\nb", "a\x00b", "ü", "x" * 4001, "a\x7f"])
def test_an_authorization_that_could_begin_a_header_is_refused_and_not_repeated(value: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_authorization(value)
    assert value not in str(caught.value)


def test_the_host_is_named_with_its_port_where_that_is_unusual() -> None:
    assert host_header(TO) == "erp.example"
    assert host_header(Destination(False, "erp.lan", 8069, "/")) == "erp.lan:8069"
    assert host_header(Destination(True, "2606:4700::1111", 443, "/")) == "[2606:4700::1111]"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", ""),
        (b"  fine\r\n thanks\t", "fine thanks"),
        (b'{"error":"bad","password":"hunter2"}', '{"error":"bad","password":[hidden]}'),
        (b"api_key=abc&x=1", "api_key=[hidden]&x=1"),
        (b"Authorization: Bearer abcdefgh12345", "Authorization: [hidden]"),
        (b"write to ana@nordwind.example", "write to [hidden]"),
        (b"key sk1234567890abcdefghijklmnopqrstuvwxyz", "key [hidden]"),
        (b"order 019f2d4e-0000-7000-8000-000000000001 unknown", "order 019f2d4e-0000-7000-8000-000000000001 unknown"),
        (b"\xff\xfe\x00", "(3 bytes that are not text)"),
        (b"<b>\x1b[31mred</b>", "<b> [31mred</b>"),
        (b"you sent s3cr3t!", "you sent [hidden]"),
    ],
)
def test_the_first_words_of_an_answer_are_kept_without_what_is_secret(body: bytes, expected: str) -> None:
    found = excerpt(body, ["s3cr3t!", ""])
    assert found.replace(f"{HIDDEN} {HIDDEN}", HIDDEN) == expected


@given(st.binary(max_size=5000))
def test_every_answer_has_a_bounded_line(body: bytes) -> None:
    found = excerpt(body)
    assert len(found) <= LONGEST
    assert found.isprintable()
