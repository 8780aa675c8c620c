from __future__ import annotations

import hashlib
from uuid import UUID

import pytest

from headgate.access.core.tokens import api_key, parse_api_key, parse_session_token, session_token
from headgate.kernel.errors import Unauthenticated

TENANT = UUID("0195555a-0000-7000-8000-000000000001")
SECRET = "abc_DEF-" * 5 + "xyz"
HASH = hashlib.sha256(SECRET.encode()).digest()


def test_a_token_names_its_tenant_and_gives_only_the_secrets_hash():
    assert parse_session_token(session_token(TENANT, SECRET)) == (TENANT, HASH)
    assert parse_api_key(api_key(TENANT, "0123456789abcdef", SECRET)) == (TENANT, "0123456789abcdef", HASH)


@pytest.mark.parametrize(
    "bad",
    [
        "",
        ".",
        "x",
        "hgk_",
        SECRET,
        f"{TENANT}.{SECRET}",
        f"{TENANT.hex}.short",
        f"{TENANT.hex}.{SECRET}x",
        f"{TENANT.hex}.{SECRET}\n",
    ],
)
def test_what_is_no_token_is_refused(bad):
    with pytest.raises(Unauthenticated):
        parse_session_token(bad)
    with pytest.raises(Unauthenticated):
        parse_api_key(f"hgk_{bad}")
    with pytest.raises(Unauthenticated):
        parse_api_key(bad)
