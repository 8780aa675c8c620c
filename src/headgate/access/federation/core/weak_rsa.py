"""RSA keys whose private half can be computed from the public one: made by chips with the fault that is known as ROCA.

Nemec, Sys, Svenda, Klinec, Matyas: The Return of Coppersmith's Attack (ACM CCS 2017); CVE-2017-15361. Such a chip took
primes of the form k · M + (65537^a mod M), where M is the product of the first primes. So does their product: its
remainder by every small prime is a power of 65537. Among other keys about one in 2^27 looks so by chance.
"""

from __future__ import annotations

from typing import Final

_GENERATOR: Final = 65537
# The small primes by which powers of 65537 leave some remainders and not others; the rest tell nothing.
_PRIMES: Final = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)


def _powers(prime: int) -> frozenset[int]:
    found, each = {1}, _GENERATOR % prime
    while each != 1:
        found.add(each)
        each = each * _GENERATOR % prime
    return frozenset(found)


_REMAINDERS: Final = {prime: _powers(prime) for prime in _PRIMES}


def is_roca(modulus: int) -> bool:
    """Whether a key with this modulus was made by such a chip."""
    return all(modulus % prime in remainders for prime, remainders in _REMAINDERS.items())
