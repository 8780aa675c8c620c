"""Which ID tokens are believed: confusions, lies and the vectors of Wycheproof."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from headgate.access.federation.core.id_token import Expected, NoSuchKey, read_id_token
from headgate.kernel.errors import Unauthenticated

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
T = int(NOW.timestamp())
KEY = RSAKey.generate_key(2048, {"kid": "k1"})
PUBLIC = {**KEY.as_dict(private=False), "use": "sig"}
EXPECTED = Expected("https://idp.example", "headgate", "the-nonce", "the-access-token")
CLAIMS: dict[str, Any] = {
    "iss": "https://idp.example",
    "aud": "headgate",
    "sub": "s-1",
    "nonce": "the-nonce",
    "iat": T,
    "exp": T + 300,
}


def signed(key: Any = KEY, header: Any = None, **claims: Any) -> str:
    told = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    top = {"alg": "RS256", "kid": "k1", **(header or {})}
    return jwt.encode(top, told, key, algorithms=[top["alg"]])


def read(token: str, keys: list[Any] | None = None, expected: Expected = EXPECTED) -> Any:
    return read_id_token(token, [PUBLIC] if keys is None else keys, expected, NOW, "groups")


def b64(value: Any) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def test_a_token_of_the_issuer_for_us_says_who_it_is() -> None:
    found = read(
        signed(name="Ana Nord", email="Ana@Nordwind.Example", email_verified=True, groups=["sales", "sales", 7, ""])
    )
    assert (found.subject, found.name, found.email, found.groups) == (
        "s-1",
        "Ana Nord",
        "ana@nordwind.example",
        ("sales",),
    )


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_address_that_the_issuer_did_not_verify_counts_as_none(verified: Any) -> None:
    assert read(signed(email="ana@nordwind.example", email_verified=verified)).email == ""


@pytest.mark.parametrize(
    ("generate", "algorithm"),
    [
        (lambda: RSAKey.generate_key(2048, {"kid": "k1"}), "PS256"),
        (lambda: ECKey.generate_key("P-256", {"kid": "k1"}), "ES256"),
        (lambda: ECKey.generate_key("P-384", {"kid": "k1"}), "ES384"),
        (lambda: OKPKey.generate_key("Ed25519", {"kid": "k1"}), "Ed25519"),
    ],
)
def test_usual_signatures_are_understood(generate: Callable[[], Any], algorithm: str) -> None:
    key = generate()
    assert read(signed(key, {"alg": algorithm}), [key.as_dict(private=False)]).subject == "s-1"


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("iss", "https://evil.example"),
        ("iss", "https://idp.example/"),
        ("iss", None),
        ("aud", "another"),
        ("aud", None),
        ("aud", []),
        ("aud", ["headgate", "another"]),
        ("azp", "another"),
        ("nonce", "another"),
        ("nonce", None),
        ("nonce", 5),
        ("exp", T - 121),
        ("exp", None),
        ("exp", "soon"),
        ("exp", True),
        ("iat", T + 121),
        ("iat", T - 1100),
        ("iat", None),
        ("nbf", T + 121),
        ("sub", ""),
        ("sub", None),
        ("sub", "x" * 256),
        ("sub", 7),
        ("sub", "a\nb"),
        ("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"),
        ("at_hash", 5),
    ],
)
def test_a_token_that_says_something_wrong_is_refused(claim: str, value: Any) -> None:
    with pytest.raises(Unauthenticated):
        read(signed(**{claim: value}))


@pytest.mark.parametrize(("claim", "value"), [("exp", T - 119), ("iat", T + 119), ("nbf", T + 119)])
def test_clocks_may_differ_by_two_minutes(claim: str, value: int) -> None:
    assert read(signed(**{claim: value})).subject == "s-1"


def test_several_audiences_are_taken_when_we_asked() -> None:
    assert read(signed(aud=["headgate", "another"], azp="headgate")).subject == "s-1"


def test_alg_none_is_refused_in_every_spelling() -> None:
    for name in ("none", "None", "NONE", "nOnE", ""):
        for signature in ("", b64(b"x")):
            with pytest.raises(Unauthenticated):
                read(f"{b64({'alg': name, 'kid': 'k1'})}.{b64(CLAIMS)}.{signature}")


def test_a_public_key_is_no_secret_to_sign_with() -> None:
    for secret in (KEY.as_pem(private=False), json.dumps(PUBLIC).encode(), str(PUBLIC["n"]).encode()):
        whole = f"{b64({'alg': 'HS256', 'kid': 'k1'})}.{b64(CLAIMS)}"
        forged = f"{whole}.{b64(hmac.digest(secret, whole.encode(), 'sha256'))}"
        with pytest.raises(Unauthenticated):
            read(forged)
        with pytest.raises(Unauthenticated):
            read(forged, [PUBLIC, {"kty": "oct", "k": b64(secret), "kid": "k1"}])


def test_a_key_that_comes_along_or_lies_elsewhere_is_not_looked_at() -> None:
    evil = RSAKey.generate_key(2048)
    jwk = evil.as_dict(private=False)
    for header in ({"jwk": jwk}, {"jku": "https://evil.example/keys"}, {"x5u": "https://evil.example/cert"}):
        with pytest.raises(Unauthenticated):
            read(signed(evil, header))


def test_a_key_id_chooses_among_published_keys_and_nothing_else() -> None:
    with pytest.raises(NoSuchKey):
        read(signed(header={"kid": "k2"}))
    with pytest.raises(NoSuchKey):
        read(signed(header={"kid": "../../dev/null"}))
    second = {**RSAKey.generate_key(2048).as_dict(private=False), "kid": "k2"}
    nameless = jwt.encode({"alg": "RS256"}, CLAIMS, KEY, algorithms=["RS256"])
    assert read(nameless).subject == "s-1"
    with pytest.raises(Unauthenticated, match="which of several"):
        read(nameless, [PUBLIC, second])


@pytest.mark.parametrize(
    "changes", [{"use": "enc"}, {"key_ops": ["encrypt"]}, {"alg": "PS256"}, {"alg": "RSA-OAEP"}, {"kty": "EC"}]
)
def test_a_key_for_another_purpose_is_not_used(changes: dict[str, Any]) -> None:
    with pytest.raises(NoSuchKey):
        read(signed(), [{**PUBLIC, **changes}])


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_a_short_key_and_an_unreadable_one_are_refused() -> None:
    short = RSAKey.generate_key(1024, {"kid": "k1"})
    with pytest.raises(Unauthenticated, match="2048"):
        read(signed(short), [short.as_dict(private=False)])
    with pytest.raises(Unauthenticated, match="cannot be read"):
        read(signed(), [{"kty": "RSA", "kid": "k1", "n": "!", "e": 5}])


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"], "exp": T},
        {"crit": []},
        {"b64": False, "crit": ["b64"]},
        {"typ": "at+jwt"},
        {"typ": "logout+jwt"},
    ],
)
def test_what_the_header_asks_for_and_we_do_not_know_is_refused(header: dict[str, Any]) -> None:
    whole = f"{b64({'alg': 'RS256', 'kid': 'k1', **header})}.{b64(CLAIMS)}.{signed().rpartition('.')[2]}"
    with pytest.raises(Unauthenticated, match=r"not understood|another purpose|cannot be read"):
        read(whole)


def test_a_token_that_was_touched_is_refused() -> None:
    head, body, signature = signed().split(".")
    other = b64({**CLAIMS, "sub": "somebody else"})
    for bad in (
        f"{head}.{other}.{signature}",
        f"{head}.{body}.",
        f"{head}.{body}",
        f"{head}.{body}.{signature}.x",
        "",
        "a.b.c",
        "é.b.c",
    ):
        with pytest.raises(Unauthenticated):
            read(bad)
    with pytest.raises(Unauthenticated):
        read("a" * 70_000 + ".b.c")
    listed = jws.serialize_compact({"alg": "RS256", "kid": "k1"}, b"[1]", KEY, algorithms=["RS256"])
    with pytest.raises(Unauthenticated):
        read(listed)
