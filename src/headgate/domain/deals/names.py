"""Names, domains and addresses of companies brought to forms that can be compared.

Legal forms come from cleanco, string similarity from rapidfuzz, registrable domains from the Public Suffix List.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import NamedTuple

from cleanco import basename
from publicsuffixlist import PublicSuffixList
from rapidfuzz.distance import JaroWinkler
from rapidfuzz.fuzz import token_sort_ratio

_TWO = Decimal("0.01")
_WORD = re.compile(r"[a-z0-9]+")
# Letters that decomposition leaves as they are, and umlauts as their owners write them without a keyboard for them.
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_UMLAUTS = (("ae", "a"), ("oe", "o"), ("ue", "u"))
# Words that many companies share; alone they say nothing about who it is.
COMMON = frozenset(
    """and the of de la le les du des der die das und et y e i group gruppe groupe grupo gruppo holding holdings
    international global worldwide europe european deutschland germany france uk usa us america italia espana nederland
    austria osterreich schweiz services service solutions solution systems system technologies technology tech digital
    consulting company co partners partner industries industrial trading handel handels logistics management
    software data media net online betriebs vertriebs verwaltungs beteiligungs produktions
    retail retailers store stores shop shops wholesale einzelhandel grosshandel versand""".split()
)
# Mail providers: an address there says nothing about the company.
FREE_MAIL = frozenset(
    """gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com icloud.com me.com aol.com gmx.de
    gmx.net gmx.at gmx.ch web.de t-online.de freenet.de mail.com proton.me protonmail.com orange.fr free.fr laposte.net
    wanadoo.fr libero.it virgilio.it btinternet.com mail.ru yandex.ru qq.com 163.com zoho.com fastmail.com""".split()
)
# Legal forms that cleanco leaves: written with dots inside, or younger than its list.
_FORMS = frozenset(
    "ggmbh gesmbh mbh partgmbb partg ek ev eg kgaa ohg gbr sarl sasu spa srl sia aps oyj doo zoo".split()
)
_ABBREVIATED = {"str": "strasse", "st": "street", "rd": "road", "ave": "avenue", "av": "avenue", "blvd": "boulevard"}
# A word shorter than this is no half of a compound: `Sky` is, the `i` of `Kowalski i Synowie` is not.
_PART = 3
# Ends of compounds that say how a trade is run, not whose: Pflegedienst and Pflege, Stahlhandel and Stahl.
_ENDINGS = ("dienste", "dienst", "handel", "betriebe", "betrieb", "gruppe", "service")
_STEM = 5  # what is left of a compound has at least so many letters
_SPELT = {"brothers": "bros", "gebruder": "gebr", "gebrueder": "gebr", "incorporated": "inc", "sons": "son"}


def plain(text: str) -> str:
    """Lower case, without accents, with `&` and `+` as `and`."""
    lowered = text.casefold().replace("&", " and ").replace("+", " and ").translate(_LETTERS)
    return "".join(c for c in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(c))


@lru_cache(maxsize=65536)
def legal_core(name: str) -> str:
    """A company's name without its legal form, in plain letters: `Müller & Söhne GmbH & Co. KG` is `muller and sohne`.

    A name that is nothing but a legal form stays whole.
    """
    # Twice: names such as "Foo Holding Ltd." and "Foo Pty. Ltd." carry two forms after one another.
    core = basename(basename(name)) or name
    words = [_SPELT.get(word, word) for word in _WORD.findall(plain(core).replace("'", "").replace(".", ""))]
    while len(words) > 1 and words[-1] in _FORMS:
        words.pop()
    return " ".join(words) or " ".join(_WORD.findall(plain(name)))


def telling(name: str) -> tuple[str, ...]:
    """The words of a name that tell it from others; all of them when all are common."""
    words = tuple(legal_core(name).split())
    return tuple(word for word in words if word not in COMMON and len(word) > 1) or words


@lru_cache(maxsize=65536)
def folded(word: str) -> str:
    """A word with `ae`, `oe`, `ue` as `a`, `o`, `u`, so that Mueller meets Müller."""
    for long, short in _UMLAUTS:
        word = word.replace(long, short)
    return word


def run_together(name: str) -> str:
    """A name without legal form and blanks: `Van der Berg` and `VanderBerg` are one."""
    return folded("".join(legal_core(name).split()))


class Aligned(NamedTuple):
    """The telling words of two names, folded, with words that one writes apart and the other together written together
    in both. `compound` says that there was such a word, and that neither name has a common word of its own against a
    different one of the other (Blue Sky Services, Bluesky Systems)."""

    left: list[str]
    right: list[str]
    compound: bool


def aligned(ours: str, theirs: str) -> Aligned:
    """Two names side by side: `River Mark Ltd` and `Rivermark Holding` are both `rivermark`."""
    one, other = ([_stem(folded(word)) for word in legal_core(name).split()] for name in (ours, theirs))
    left, right = _together(one, frozenset(other)), _together(other, frozenset(one))
    rest, others = ({word for word in words if word in COMMON} for words in (left, right))
    joined = len(left) < len(one) or len(right) < len(other)
    return Aligned(_tell(left), _tell(right), joined and (rest <= others or others <= rest))


def _stem(word: str) -> str:
    """A compound without what says only how the trade is run."""
    for ending in _ENDINGS:
        if word not in COMMON and word.endswith(ending) and len(word) >= len(ending) + _STEM:
            return word.removesuffix(ending)
    return word


def _together(words: list[str], others: frozenset[str]) -> list[str]:
    """The words, each two neighbours that the other name writes as one word joined."""
    found: list[str] = []
    before = ""
    for word in words:
        if len(before) >= _PART and len(word) >= _PART and before + word in others:
            found[-1], before = before + word, ""
        else:
            found.append(word)
            before = word
    return found


def _tell(words: list[str]) -> list[str]:
    return [word for word in words if word not in COMMON and len(word) > 1] or words


def name_likeness(ours: str, theirs: str) -> Decimal:
    """How alike two company names are, from 0 to 1: over the words that tell, in any order, misspellings allowed,
    words written together or apart.

    Between equal names it is 1. An abbreviation of the other's words counts 0.85: `BMW` and `Bayerische Motoren Werke`.
    """
    left, right, _ = aligned(ours, theirs)
    if not left or not right:
        return Decimal(0)
    if sorted(left) == sorted(right) or run_together(ours) == run_together(theirs):
        return Decimal(1)
    if _abbreviates(ours, theirs) or _abbreviates(theirs, ours):
        return Decimal("0.85")
    whole = token_sort_ratio(" ".join(left), " ".join(right)) / 100
    # Every word must find its like, else "Nordic Steel" would meet "Nordic Foods" half way.
    words = min(_matched(left, right), _matched(right, left))
    return _rounded(min(whole, words) if min(len(left), len(right)) > 1 else min(whole, _best(left, right)))


def _matched(left: list[str], right: list[str]) -> float:
    """The like of the least matched word, weighed by how much of the name it is."""
    total = sum(map(len, left))
    return sum(len(word) * max(_word_likeness(word, other) for other in right) for word in left) / total


def _best(left: list[str], right: list[str]) -> float:
    return max(_word_likeness(a, b) for a in left for b in right)


def _word_likeness(a: str, b: str) -> float:
    # Below 0.9 two words are just different words that share letters, such as Hansen and Jansen (0.89).
    likeness = JaroWinkler.similarity(a, b)
    return likeness if likeness >= 0.9 else likeness / 2


def _abbreviates(short: str, long: str) -> bool:
    letters, words = "".join(legal_core(short).split()), legal_core(long).split()
    return 3 <= len(letters) <= 6 and len(words) >= 3 and letters == "".join(word[0] for word in words)


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=True)


@lru_cache(maxsize=65536)
def registrable(domain: str) -> str:
    """The domain somebody registered: `https://www.shop.acme.co.uk/x` is `acme.co.uk`; empty when there is none.

    An e-mail address gives its domain; mail providers give nothing.
    """
    host = domain.strip().casefold().rpartition("@")[2].rpartition("://")[2]
    host = host.partition("/")[0].partition(":")[0].strip(".")
    try:
        host = host.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
    found = _suffixes().privatesuffix(host) or ""
    return "" if found in FREE_MAIL else found


def label(domain: str) -> str:
    """The registered name without its suffix and hyphens: `acme-robotics.de` is `acmerobotics`."""
    whole = registrable(domain)
    return whole.partition(".")[0].replace("-", "")


def postcode_key(country: str, postcode: str) -> str:
    """A postcode with its country, without blanks and hyphens; empty when unknown."""
    code = "".join(_WORD.findall(plain(postcode)))
    return f"{country}{code}" if code else ""


def street_likeness(ours: str, theirs: str) -> Decimal:
    """How alike two street lines are, from 0 to 1; house numbers must not contradict each other."""
    left, right = _street(ours), _street(theirs)
    if not left or not right:
        return Decimal(0)
    numbers = [{w for w in words if w.isdigit()} for words in (left, right)]
    if all(numbers) and not numbers[0] & numbers[1]:
        return Decimal(0)
    return _rounded(token_sort_ratio(" ".join(left), " ".join(right)) / 100)


def _street(text: str) -> list[str]:
    split = re.sub(r"str(?:asse)?\b", " strasse ", folded(plain(text)))
    words = re.findall(r"[a-z]+|\d+", split)
    return [_ABBREVIATED.get(word, word) for word in words]


def _rounded(value: float) -> Decimal:
    return Decimal(repr(value)).quantize(_TWO, ROUND_HALF_UP)
