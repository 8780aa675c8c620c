"""Names of hosts and domains: their one spelling, and which of them nobody can have."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from headgate.kernel.errors import invalid
from headgate.kernel.phrases import phrase

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
LONGEST: Final = 253
# Before a domain stands the label of its challenge, and the whole has to be a name still.
LONGEST_DOMAIN: Final = 220
# Older rules write these letters as others, and so lead to another domain than newer ones (UTS 46, 7).
_DEVIATING: Final = frozenset("ßς\u200c\u200d")
LOCAL: Final = "localhost"


@dataclass(frozen=True, slots=True)
class HostRules:
    """What an installation says of hosts: `reserved` ones are its console's, below a suffix each tenant has the host
    that begins with its short name, and `local` says that it is shown on one's own machine."""

    reserved: frozenset[str] = frozenset()
    suffixes: tuple[str, ...] = ()
    local: bool = False

    def gives(self, host: str, slug: str) -> bool:
        """Whether the tenant has this host without a proof."""
        if self.local and under(host, LOCAL):
            return True
        return any(host == f"{slug}.{suffix}" for suffix in self.suffixes)

    def own(self, name: str) -> str:
        """The suffix of the installation that a name is, or stands below; '' for none."""
        return next((suffix for suffix in self.suffixes if under(name, suffix)), "")


NO_RULES: Final = HostRules()


def under(name: str, domain: str) -> bool:
    """Whether a name is a domain or stands below it."""
    return name == domain or name.endswith(f".{domain}")


def overlap(one: str, other: str) -> bool:
    """Whether two domains have hosts in common."""
    return under(one, other) or under(other, one)


def plain_host(field: str, text: str) -> str:
    """A host in its one spelling: lower case, without final dot, letters of other scripts in their ASCII form.

    Raises `Invalid` for what is no host of the Internet: an address, a single label, a port, a path.
    """
    fix = phrase("Write it like partners.example.com, without https or port.")
    given = text.strip().rstrip(".").lower()
    if _DEVIATING & set(given):
        ascii_fix = phrase("Write it in its ASCII form, which begins with xn--, as your registrar shows it.")
        raise invalid(field, text, "has a letter that not everybody reads as the same name", ascii_fix)
    try:
        name = given if given.isascii() else given.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise invalid(field, text, "is not a host name", fix) from None
    if len(name) > LONGEST or not _NAME.fullmatch(name) or _address(name):
        raise invalid(field, text, "is not a host name", fix)
    return name


def plain_domain(field: str, text: str, rules: HostRules) -> str:
    """A domain that can be proved. Raises `Invalid` for one that belongs to no single organisation, or to the
    installation."""
    name = plain_host(field, text)
    if len(name) > LONGEST_DOMAIN:
        raise invalid(field, text, phrase("is longer than %(longest)s characters", longest=LONGEST_DOMAIN))
    if under(name, LOCAL):
        raise invalid(field, text, "is a name of one's own machine", "Name a domain that you have registered.")
    if name in rules.reserved:
        raise invalid(
            field, text, "is where the console of this installation is", "Choose another host for the portal."
        )
    if rules.own(name):
        fix = phrase("Your portal may have the host that begins with your short name, without a proof.")
        raise invalid(field, text, "belongs to this installation", fix)
    if _shared(name):
        fix = phrase("Name the domain that you have registered, such as example.com.")
        raise invalid(field, text, "is an ending that many organisations share", fix)
    return name


def domain_of(address: str) -> str:
    """The domain of an e-mail address."""
    return address.rpartition("@")[2].lower()


def shown_name(name: str) -> str:
    """How a domain reads in its own script, where that is another than ASCII; '' otherwise. To be shown beside the
    ASCII form, never in its place: letters of two scripts can look the same."""
    if "xn--" not in name:
        return ""
    try:
        read = name.encode("ascii").decode("idna")
    except UnicodeError:
        return ""
    return read if read != name and read.isprintable() else ""


def _address(name: str) -> bool:
    """Whether it is an IP address, also in part: no domain of the Internet ends in a number."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name.rpartition(".")[2].isdigit()
    return True


def _shared(name: str) -> bool:
    """Whether it is a public suffix (co.uk, github.io), below which strangers have names."""
    return _suffixes().privatesuffix(name) is None


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList  # reads its list, which few processes need

    return PublicSuffixList(accept_unknown=True)
