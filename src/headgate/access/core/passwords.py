"""What a password must be: long, not guessable from the account, not among the usual ones. No composition rules,
following NIST SP 800-63B section 3.1.1.2."""

from __future__ import annotations

import unicodedata

from headgate.kernel.errors import Invalid, Problem

SHORTEST = 12
LONGEST = 128
FEWEST_CHARACTERS = 5

# Bases of the passwords that lists of leaked ones begin with; digits and signs around them do not help.
_USUAL = frozenset(
    "password passwort passw0rd p4ssword letmein welcome willkommen qwerty qwertz qwertyuiop asdfghjkl zxcvbnm "
    "iloveyou trustno1 monkey dragon football baseball superman batman sunshine princess starwars whatever "
    "administrator admin changeme secret default master login test guest hello abcdefgh abcdefghijkl".split()
)
_RUNS = (
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "qwertzuiop",
    "asdfghjkl",
    "yxcvbnm",
    "zxcvbnm",
    "01234567890123456789",
)


def normalised(password: str) -> str:
    """One form for what looks alike (NFKC), so that a password works from every keyboard."""
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, *, about: tuple[str, ...] = (), shortest: int = SHORTEST) -> str:
    """The password in the form to be hashed. `about` are texts it may not be built on (name, e-mail), `shortest` the
    tenant's own minimum of characters; never less than the installation's.

    Raises `Invalid`; the message never repeats the password.
    """
    text = normalised(password)
    plain = text.casefold()
    core = plain.strip("0123456789!?.,;:#*+-_ $%&/()=")
    if not plain.isprintable():
        raise _refused("has characters that cannot be typed", "Use letters, digits, signs and spaces.")
    least = max(shortest, SHORTEST)
    if len(text) < least:
        raise _refused(f"is shorter than {least} characters", "Use a few words.")
    if len(text) > LONGEST:
        raise _refused(f"is longer than {LONGEST} characters", "Use a shorter one.")
    if len(set(plain)) < FEWEST_CHARACTERS:
        raise _refused("repeats very few characters", "Use a few words.")
    if core in _USUAL or not core or any(core in run for run in _RUNS) or _doubled(core):
        raise _refused("is among those that are tried first", "Use a few words that do not belong together.")
    for word in (w for text in about for w in _words(text)):
        if word in plain:
            raise _refused("contains the name or the e-mail address", "Use something that others do not know.")
    return text


def _doubled(core: str) -> bool:
    """A usual word written more than once."""
    return any(core == word * (len(core) // len(word)) for word in _USUAL if len(core) > len(word))


def _words(text: str) -> list[str]:
    for sign in "@.-_+":
        text = text.replace(sign, " ")
    return [word.casefold() for word in text.split() if len(word) >= 4 and word.casefold() not in {"mail", "example"}]


def _refused(message: str, fix: str) -> Invalid:
    problem = Problem("password", "", message, fix)
    return Invalid(str(problem), problems=(problem,))
