"""Where Headgate may send to: which URLs, and which addresses they may stand for.

Whoever may register a URL could otherwise make this server talk to its own network (server-side request forgery,
OWASP SSRF Prevention Cheat Sheet). So a URL is checked when it is registered, and every address its name resolves to
is checked each time before connecting to exactly that address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, urlsplit

from headgate.kernel.errors import Misconfigured, invalid
from headgate.kernel.phrases import phrase

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

DEFAULT_PORTS: Final = frozenset({443, 8443})
LONGEST_URL: Final = 2000
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
# Addresses that carry an IPv4 address: what they lead to is that one.
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_TUNNELS = (IPv6Network("2002::/16"), IPv6Network("2001::/32"), IPv6Network("::/96"))


@dataclass(frozen=True, slots=True)
class Rules:
    """What this installation allows: networks that are otherwise refused (over plain http and any port, too), and
    ports for the rest of the world, which is reached over https only."""

    networks: tuple[Network, ...] = ()
    ports: frozenset[int] = DEFAULT_PORTS

    def allows(self, address: Address) -> bool:
        """Whether an address is in one of the allowed networks."""
        return any(address.version == network.version and address in network for network in self.networks)


@dataclass(frozen=True, slots=True)
class Destination:
    """A URL taken apart. `target` is path and query as sent; `literal` the address, where the host is one."""

    secure: bool
    host: str
    port: int
    target: str
    literal: Address | None = None


def read_networks(name: str, values: Iterable[str]) -> tuple[Network, ...]:
    """Networks in CIDR notation. Raises `Misconfigured` naming the setting."""
    found: list[Network] = []
    for value in values:
        try:
            found.append(ip_network(value))
        except ValueError as error:
            raise Misconfigured(
                phrase(
                    "%(name)s: %(value)s is not a network (%(error)s); write it like 10.1.2.0/24",
                    name=name,
                    value=repr(value),
                    error=error,
                )
            ) from None
    return tuple(found)


def read_url(field: str, url: str, rules: Rules) -> Destination:
    """A URL that messages may go to. Raises `Invalid` naming the field, with what to change.

    Names are checked again, as the addresses they stand for, at every connection.
    """
    parts = _split(field, url)
    if parts.scheme not in ("https", "http") or not parts.netloc:
        raise invalid(field, url, "is not a web address", "Write it like https://erp.example/hooks.")
    if "@" in parts.netloc:
        raise invalid(field, "", "has a user or a password in it", "Give the authorization header instead.")
    if parts.fragment or url.endswith("#"):
        raise invalid(field, url, "has a fragment, which is never sent", "Leave out the # and what follows.")
    host, literal = _host(field, url, parts.hostname or "")
    secure = parts.scheme == "https"
    port = _port(field, url, parts, secure=secure)
    made = Destination(secure, host, port, _target(parts.path, parts.query), literal)
    if literal is not None:
        refusal = refuse_address(literal, made, rules)
        if refusal:
            raise invalid(field, url, refusal, "An operator can allow networks with HEADGATE_OUTBOUND_ALLOW.")
    elif not rules.networks:
        refusal = refuse_way(made, rules)
        if refusal:
            raise invalid(field, url, refusal, "Use https, and port 443 or 8443.")
    return made


def refuse_address(address: Address, to: Destination, rules: Rules) -> str:
    """Why a destination may not be reached at this address; empty when it may."""
    plain = carried(address)
    if rules.allows(plain) or rules.allows(address):
        return ""
    if not _is_public(plain) or any(isinstance(address, IPv6Address) and address in tunnel for tunnel in _TUNNELS):
        return f"leads to {address}, which is not a public address"
    return refuse_way(to, rules)


def refuse_way(to: Destination, rules: Rules) -> str:
    """Why a public destination may not be reached like this; empty when it may."""
    if not to.secure:
        return "is not https"
    if to.port not in rules.ports:
        return f"uses port {to.port}, which is not allowed"
    return ""


def carried(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for (mapped, NAT64), otherwise the address itself."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if any(address in network for network in _NAT64):
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _is_public(address: Address) -> bool:
    # `is_global` follows the IANA special-purpose registries: private, loopback, link-local (the clouds' metadata
    # addresses among them), shared, unique local and documentation ranges are not global. Multicast may be.
    special = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    local = address.is_link_local or (isinstance(address, IPv6Address) and address.is_site_local)
    return address.is_global and not special and not local


def _split(field: str, url: str) -> SplitResult:
    if len(url) > LONGEST_URL:
        raise invalid(field, url, phrase("is longer than %(longest_url)s characters", longest_url=LONGEST_URL))
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        shown = "" if "@" in url else url
        raise invalid(field, shown, "has characters that no address has", "Write names in punycode, the rest escaped.")
    try:
        return urlsplit(url)
    except ValueError:
        raise invalid(field, url, "is not an address", "Write it like https://erp.example/hooks.") from None


def _port(field: str, url: str, parts: SplitResult, *, secure: bool) -> int:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise invalid(field, url, "names no port that exists", "Leave it out, or write the receiver's.")
    return port or (443 if secure else 80)


def _host(field: str, url: str, host: str) -> tuple[str, Address | None]:
    if not host:
        raise invalid(field, url, "names no host", "Write it like https://erp.example/hooks.")
    if ":" in host:
        try:
            address = IPv6Address(host)
        except ValueError:
            raise invalid(field, url, "has no valid IPv6 address in its brackets") from None
        if address.scope_id:
            raise invalid(field, url, "has a zone, which means something on one machine only")
        return host, address
    labels = host.removesuffix(".").split(".")
    # A name that ends in a number is an address to every resolver, in forms (2130706433, 0177.1, 0x7f.1) that only
    # some readers see through. Four plain decimals are one; nothing else is taken.
    if _NUMERIC.fullmatch(labels[-1]):
        try:
            return host, ip_address(host)
        except ValueError:
            raise invalid(field, url, "writes an address in an unusual form", "Write it as four decimals.") from None
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise invalid(field, url, "has a host that is not a name", "Write names in punycode, without escapes.")
    return host, None


def _target(path: str, query: str) -> str:
    return (path or "/") + (f"?{query}" if query else "")
