"""Planted secrets and personal data, in every shape they come in, and what must stay readable."""

from __future__ import annotations

import pytest

from headgate.kernel.redaction import MOST_TEXT, declare_personal, redact, redact_text

TENANT = "0f" * 16
PLANTED = "hunter2hunter2"


@pytest.mark.parametrize(
    "text",
    [
        f"connecting to postgresql://headgate:{PLANTED}@db.internal:5432/headgate",
        f"HEADGATE_DATABASE_URL=postgresql://u:{PLANTED}@h/d",
        f"password={PLANTED} host=db",
        f'{{"client_secret": "{PLANTED}", "n": 1}}',
        f"{{'api_key': '{PLANTED}'}}",
        f"Authorization: Bearer {PLANTED}",
        f"authorization: Basic {PLANTED}==",
        f"key hgk_{TENANT}_00112233aabbccdd_{PLANTED}",
        f"secret whsec_{PLANTED}",
        f"cookie {TENANT}.{PLANTED}{PLANTED}",
        f"Set-Cookie: headgate_session={TENANT}.{PLANTED}{PLANTED}; HttpOnly",
        f'10.0.0.1:5123 - "GET /sign-in?then=/&token={PLANTED} HTTP/1.1" 200',
        f"HTTP Request: POST https://erp.example/hook?key={PLANTED} 200",
        f"DETAIL:  Key (name)=({PLANTED}) already exists.",
        f"  DETAIL:  Failing row contains (1, {PLANTED}, null).",
        f"CONTEXT:  COPY principals, line 3, column name: {PLANTED}",
        f"1 validation error\nname\n  too long [type=x, input_value='{PLANTED}', input_type=str]",
        f"-----BEGIN PRIVATE KEY-----\n{PLANTED}\n-----END PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{PLANTED}",
        f"mail {PLANTED}@example.com bounced",
        f"token eyJhbGciOiJIUzI1NiJ9.{PLANTED}{PLANTED}.c2ln",
        f"webhook-signature v1,{PLANTED}{PLANTED}{PLANTED}=",
    ],
)
def test_nothing_of_a_planted_secret_is_left_in_a_text(text):
    told = redact_text(text)
    assert PLANTED not in told
    assert "[" in told


@pytest.mark.parametrize(
    "text",
    [
        "GET /v1/orders/KON-100488 200 in 12 ms",
        "an event could not be applied: SKU-99X is not a known product",
        "worker started owner=host-1-a1b2",
        "the database cannot be reached; check HEADGATE_DATABASE_URL: connection refused",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "2026-03-02T09:00:00Z order 0f0f0f0f-0f0f-0f0f-0f0f-0f0f0f0f0f0f",
    ],
)
def test_what_an_operator_needs_stays(text):
    assert redact_text(text) == text


@pytest.mark.parametrize("name", ["password", "X-Api-Key", "apiKey", "signing_secret", "sessionToken", "DATABASE_URL"])
def test_a_field_with_a_secrets_name_is_hidden_whatever_it_holds(name):
    for value in (PLANTED, PLANTED.encode(), [PLANTED], {"a": PLANTED}, 12345678):
        assert redact(name, value) == "[secret]"
    assert redact(name, None) is None


def test_personal_fields_are_hidden_at_any_depth_and_the_rest_stays():
    given = {"order": "O-1", "buyer": {"firstName": "Ana", "phones": [{"phone": "+49 30 1"}]}, "n": 3, "ok": True}
    assert redact("data", given) == {
        "order": "O-1",
        "buyer": {"firstName": "[personal]", "phones": [{"phone": "[personal]"}]},
        "n": 3,
        "ok": True,
    }


def test_fields_that_a_floor_above_declares_are_hidden_too():
    assert redact("consignee_nickname", "Ana") == "Ana"
    declare_personal(["consigneeNickname"])
    assert redact("consignee_nickname", "Ana") == "[personal]"


def test_long_and_deep_values_are_cut():
    assert len(redact_text("a" * (MOST_TEXT * 3))) < MOST_TEXT + 20
    deep: dict[str, object] = {"password": PLANTED}
    for _ in range(50):
        deep = {"in": deep}
    assert PLANTED not in str(redact("data", deep))


def test_a_secret_in_an_object_of_our_own_is_found_in_its_text():
    class Thing:
        def __str__(self) -> str:
            return f"Thing(password={PLANTED})"

    assert redact("thing", Thing()) == "Thing(password=[secret])"


def test_bytes_are_told_by_their_length():
    assert redact("body", PLANTED.encode()) == "[14 bytes]"
