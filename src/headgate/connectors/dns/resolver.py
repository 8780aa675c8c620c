"""Asks for TXT records over dnspython: bounded in time and size, and says apart what an answer that is none means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from headgate.access.domains import TxtAnswer

if TYPE_CHECKING:
    import dns.resolver

# In all, for one question: tries at every server that the machine knows, and once more over TCP for a long answer.
LIFETIME: Final = 4.0
ONE_TRY: Final = 2.0
# A domain has a few dozen texts at most; what an answer holds beyond that is not looked at.
MOST_TEXTS: Final = 200
LONGEST: Final = 1000


@dataclass(frozen=True, slots=True)
class TxtResolver:
    """Asks the name servers given, each an address with its port; without any, those of the machine.

    Aliases (CNAME) are followed by the name server as for any other question. Nothing is searched below the machine's
    own domain, and no other type of record is asked for.
    """

    servers: tuple[tuple[str, int], ...] = ()
    lifetime: float = LIFETIME

    def __call__(self, name: str) -> TxtAnswer:
        """The texts under a name. What comes in pieces is put together (RFC 7208, 3.3)."""
        import dns.exception  # a quarter of a second, which only who checks a domain spends
        import dns.name
        import dns.resolver

        try:
            asked = dns.name.from_text(f"{name}.")
            answer = self._resolver().resolve(asked, "TXT", search=False, lifetime=self.lifetime)
        except (dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel):
            return TxtAnswer("no_name")
        except dns.resolver.NXDOMAIN:
            return TxtAnswer("no_name")
        except dns.resolver.NoAnswer:
            return TxtAnswer("no_record")
        except (dns.exception.DNSException, OSError, ValueError):
            # Silence, refusals, failures of name servers, answers that cannot be read, a machine without any server.
            return TxtAnswer("unreachable")
        records = list(answer.rrset or ())[:MOST_TEXTS]
        texts = (b"".join(record.strings)[:LONGEST].decode("utf-8", "replace") for record in records)
        return TxtAnswer("found", tuple(texts))

    def _resolver(self) -> dns.resolver.Resolver:
        import dns.nameserver
        import dns.resolver

        resolver = dns.resolver.Resolver(configure=not self.servers)
        resolver.timeout = min(ONE_TRY, self.lifetime)
        if self.servers:
            resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in self.servers]
        return resolver
