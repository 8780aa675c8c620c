"""Who is meant by an id: people, sources and the platform as persons, partners by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from headgate.access import Account
from headgate.console.views.common import PartnerName, Person
from headgate.domain.checks import PartnerFacts
from headgate.kernel.phrases import joined, phrase
from headgate.ui.words import humanise

_KINDS = {"user": "person", "service": "service", "source": "service", "agent": "agent", "operator": "person"}


@dataclass(frozen=True, slots=True)
class Names:
    """The names a page needs, loaded at once; what is not known shows its id."""

    accounts: Mapping[str, Account]
    partners: Mapping[str, PartnerFacts]
    products: Mapping[str, str] = field(default_factory=dict)

    def person(self, principal: str) -> Person:
        """Somebody by their id."""
        account = self.accounts.get(principal)
        if account is not None:
            return Person(principal, account.name, account.kind)
        kind, _, rest = principal.partition(":")
        if not rest:
            return Person(principal, "Headgate" if principal in ("system", "") else principal, "system")
        if kind == "provider":  # somebody of an organisation above: its short name, then who it is there
            home, _, who = rest.partition("/")
            there = self.person(who)
            return Person(principal, f"{there.name.removeprefix('user:')} ({home})", there.kind)
        if kind == "pack":
            name, at, version = rest.partition("@")
            return Person(
                principal, phrase("Pack %(name)s", name=joined(at, filter(None, (humanise(name), version)))), "system"
            )
        if kind == "system":
            return Person(principal, humanise(rest), "system")
        shown = phrase("%(name)s at the console", name=rest) if kind == "operator" else rest.rsplit("/", 1)[-1]
        return Person(principal, shown, _KINDS.get(kind, "system"))

    def people(self, principals: Iterable[str]) -> tuple[Person, ...]:
        """Several of them."""
        return tuple(self.person(principal) for principal in principals)

    def product(self, code: str) -> str:
        """A product by its code."""
        return self.products.get(code) or code

    def partner(self, code: str | None) -> PartnerName | None:
        """A partner by its code; None for none."""
        if not code:
            return None
        known = self.partners.get(code)
        return PartnerName(code, known.name if known is not None and known.name else code)


def role_names(accounts: Mapping[str, Iterable[Account]], role: str) -> tuple[str, ...]:
    """The names of who holds a role, or the role itself where nobody does."""
    return tuple(account.name for account in accounts.get(role, ())) or (
        phrase("nobody holds %(role)s", role=humanise(role)),
    )
