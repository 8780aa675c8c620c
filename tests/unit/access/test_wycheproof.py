"""The verifier of ID tokens on the vectors of project Wycheproof (JSON Web Signature, JSON Web Key; Apache-2.0)."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from headgate.access.federation.core.id_token import ALGORITHMS, verified_payload
from headgate.access.federation.core.weak_rsa import is_roca
from headgate.kernel.errors import Unauthenticated

VECTORS = Path(__file__).parents[3].parent / "shared" / "data" / "wycheproof_jose"
FILES = ("json_web_signature_test.json", "json_web_key_test.json")
HMAC = "signed with a shared secret (HMAC): an issuer has a key of its own here"
OTHER_HASH = "RSA with SHA-384 or SHA-512: not among the accepted algorithms"
# Why a vector that holds by the letter is refused all the same, by its group; whoever adds an algorithm learns of it.
REFUSED = {
    "hs256": HMAC,
    "base64": HMAC,
    "HS256": HMAC,
    "HS384": HMAC,
    "HS512": HMAC,
    "jws_keyset": HMAC,
    "rs384": OTHER_HASH,
    "rs512": OTHER_HASH,
    "ps384": OTHER_HASH,
    "ps512": OTHER_HASH,
    "rfc7520": "HMAC, SHA-384, or a key whose own `alg` differs from the token's",
    "rfc7520WithKeyOps": "SHA-384, or a key whose own `alg` differs from the token's",
}


@dataclass(frozen=True, slots=True)
class Vector:
    group: str
    name: str
    token: str
    keys: tuple[Any, ...]
    holds: bool


def vectors() -> Iterator[Vector]:
    for file in FILES:
        for group in json.loads((VECTORS / file).read_text())["testGroups"]:
            key = group.get("public") or group["private"]
            for case in group["tests"]:
                # Two tokens are in the JSON form of RFC 7515, which no ID token has.
                if isinstance(case["jws"], str):
                    name = f"{file} {case['tcId']} {case['comment']}"
                    keys = tuple(key.get("keys", [key]))
                    yield Vector(group["comment"], name, case["jws"], keys, case["result"] == "valid")


def verifies(vector: Vector) -> bool:
    try:
        verified_payload(vector.token, vector.keys)
    except Unauthenticated:
        return False
    return True


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.skipif(not VECTORS.is_dir(), reason="the vectors of Wycheproof are not at ../shared/data/wycheproof_jose")
def test_every_attack_of_wycheproof_is_refused_and_what_holds_is_taken() -> None:
    told: Counter[tuple[str, bool, bool]] = Counter()
    for vector in vectors():
        taken = verifies(vector)
        told[vector.group, vector.holds, taken] += 1
        assert vector.holds or not taken, f"{vector.name} was believed"
        assert taken or not vector.holds or vector.group in REFUSED, f"{vector.name} was refused"
    for (group, holds, taken), number in sorted(told.items()):
        why = f": {REFUSED[group]}" if holds and not taken else ""
        sys.stdout.write(
            f"{group}: {number} {'valid' if holds else 'invalid'} {'taken' if taken else 'refused'}{why}\n"
        )
    taken_of = {group for group, holds, taken in told if holds and taken}
    assert taken_of == {"es256", "rs256", "ps256", "rfc7520", "rfc7520WithKeyOps", "SpecialCaseEs256"}
    assert sum(number for (_, holds, _), number in told.items() if not holds) > 340
    assert {group for group, holds, taken in told if holds and not taken} == set(REFUSED), "a reason is out of date"


def test_accepted_algorithms_are_signatures_by_a_key_of_the_issuers_own() -> None:
    assert not any(name.startswith("HS") or name.lower() == "none" for name in ALGORITHMS)


def test_a_modulus_of_a_faulty_chip_is_known_by_its_remainders() -> None:
    product = 1
    for prime in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97):
        product *= prime
    for prime in (101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167):
        product *= prime
    made = [pow(65537, power, product) + factor * product for power, factor in ((12_345, 7), (987, 11))]
    assert is_roca(made[0] * made[1])
    assert not is_roca(made[0] * made[1] + 2)
