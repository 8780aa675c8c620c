"""The kinds of mails: who gets them, what they are called, and why somebody gets one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from headgate.kernel.context import Principal
from headgate.kernel.phrases import Phrase, phrase

SECURITY: Final = "security"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of mail that can be turned off. `why` stands below each such mail; `partners`: it is for people of
    partners, else for the tenant's own. An API key chooses about it that has one of the scopes `needs`: what tells
    who gets such mails."""

    code: str
    label: Phrase
    why: Phrase
    needs: frozenset[str]
    partners: bool = False


_DECIDES: Final = frozenset({"approvals.decide"})
_ALL = (
    Kind(
        "approvals",
        phrase("Requests for your decision"),
        phrase("You get this mail because something waits for your decision."),
        _DECIDES,
    ),
    Kind(
        "reminders",
        phrase("Reminders of decisions that are still open"),
        phrase("You get this mail because something still waits for your decision."),
        _DECIDES,
    ),
    Kind(
        "reviews",
        phrase("Reviews of access that are nearly due"),
        phrase("You get this mail because you are a reviewer of access."),
        frozenset({"access.review"}),
    ),
    Kind(
        "exports",
        phrase("Exports of everything that are ready or have failed"),
        phrase("You get this mail because you asked for an export of everything."),
        frozenset({"tenant.export"}),
    ),
    Kind(
        "escalations",
        phrase("Late work: escalated to you, or past its time in your hands"),
        phrase("You get this mail because work that is late has reached you or is in your hands."),
        frozenset({"cases.read"}),
    ),
    Kind(
        "returns",
        phrase("What becomes of your returns"),
        phrase("You get this mail because something has become of a return of your company."),
        frozenset({"returns.request"}),
        partners=True,
    ),
    Kind(
        "deals",
        phrase("What becomes of your deal registrations"),
        phrase("You get this mail because something has become of a deal registration of your company."),
        frozenset({"deals.read"}),
        partners=True,
    ),
    Kind(
        "prices",
        phrase("What becomes of the prices you ask for"),
        phrase("You get this mail because a price that your company asked for was decided about."),
        frozenset({"prices.request"}),
        partners=True,
    ),
    Kind(
        "messages",
        phrase("Messages about your orders, deals and returns"),
        phrase("You get this mail because somebody wrote to your company and nobody has opened it yet."),
        frozenset({"orders.read", "deals.read", "prices.request", "returns.request"}),
        partners=True,
    ),
)
# What was chosen for a digest comes in one mail a day. Turned off by that mail's link, nothing of it comes.
DIGEST: Final = "digest"
PARTNERS_DIGEST: Final = "partners_digest"
DIGESTS: Final = frozenset({DIGEST, PARTNERS_DIGEST})
_WHY_DIGEST: Final = phrase("You get this mail because you chose to get mails once a day.")
_DIGESTS = (
    Kind(DIGEST, phrase("The daily digest"), _WHY_DIGEST, frozenset()),
    Kind(PARTNERS_DIGEST, phrase("The daily digest"), _WHY_DIGEST, frozenset(), partners=True),
)
# Mails about one's own account are of no kind here: nobody can turn them off, nor have them later.
KINDS: Final[Mapping[str, Kind]] = MappingProxyType({kind.code: kind for kind in (*_ALL, *_DIGESTS)})
CHOSEN: Final = tuple(kind.code for kind in _ALL)


def kinds_of(principal: Principal) -> tuple[Kind, ...]:
    """The kinds of mails that somebody can get, by what they may do."""
    mine = kinds_for(principal.partner)
    return tuple(kind for kind in mine if not kind.needs.isdisjoint(principal.permissions))


def kinds_for(partner: str | None) -> tuple[Kind, ...]:
    """What somebody can choose about: a person of a partner, or one of the tenant's own."""
    return tuple(kind for kind in _ALL if kind.partners == (partner is not None))
