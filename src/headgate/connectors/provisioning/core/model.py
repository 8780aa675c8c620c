"""People and groups as they should be in an outside system, as they are there, and the steps from one to the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

MatchBy = Literal["user_name", "email"]
Leavers = Literal["deactivate", "delete"]
Resource = Literal["user", "group"]
Verb = Literal["create", "link", "change", "reactivate", "deactivate", "delete", "forget", "refuse"]

# What is kept in step, in the words of SCIM (RFC 7643 4.1). Anything else of an account is the other side's.
ATTRIBUTES: Final = (
    "userName",
    "externalId",
    "active",
    "displayName",
    "name.formatted",
    "name.givenName",
    "name.familyName",
    "emails",
    "userType",
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who should have an account: `local` is their id here, `kind` employee or partner."""

    local: str
    user_name: str
    name: str
    email: str
    kind: str

    def attributes(self) -> Mapping[str, str]:
        """What the account should say, by attribute."""
        given, _, family = self.name.rpartition(" ")
        named = {"name.givenName": given, "name.familyName": family} if given else {}
        return {
            "userName": self.user_name,
            "externalId": self.local,
            "active": "true",
            "displayName": self.name,
            "name.formatted": self.name,
            **named,
            "emails": self.email,
            "userType": self.kind,
        }


@dataclass(frozen=True, slots=True)
class Team:
    """A role that becomes a group: `members` are ids of people here."""

    local: str
    name: str
    members: frozenset[str]


@dataclass(frozen=True, slots=True)
class Desired:
    """Who should have an account in the outside system, and which groups there should be."""

    people: tuple[Person, ...] = ()
    teams: tuple[Team, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoteUser:
    """An account over there. `attributes` are those of `ATTRIBUTES` that it has; `emails` all its addresses, in lower
    case; `trouble` says why it cannot be read, where it cannot."""

    id: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    emails: frozenset[str] = frozenset()
    trouble: str = ""

    @property
    def active(self) -> bool:
        """Whether it can be used. An account that says nothing of it can."""
        return self.attributes.get("active", "true") == "true"

    @property
    def user_name(self) -> str:
        """The name it signs in with."""
        return self.attributes.get("userName", "")


@dataclass(frozen=True, slots=True)
class RemoteGroup:
    """A group over there, with the ids of the accounts in it."""

    id: str
    name: str
    members: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Remote:
    """What is over there. `complete` is False where there was too much to read all of it, so that nobody can say which
    accounts belong to nobody; `groups` is None where the system has none."""

    users: tuple[RemoteUser, ...] = ()
    groups: tuple[RemoteGroup, ...] | None = ()
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Link:
    """Which account (group) over there is whose here. `ignored` are fingerprints of values that the other side did not
    keep, by attribute: they are not written again and again."""

    resource: Resource
    local: str
    remote_id: str
    ignored: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """How accounts are matched, what becomes of those of people who left, and which orphans a person chose to
    deactivate."""

    match_by: MatchBy = "user_name"
    leavers: Leavers = "deactivate"
    chosen: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Change:
    """One attribute, before and after."""

    attribute: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do over there. `joins` and `leaves` are people here whose accounts a group gains and loses; `reason`
    says why, or for `refuse` why nothing can be done."""

    verb: Verb
    resource: Resource
    local: str
    remote_id: str
    name: str
    changes: tuple[Change, ...] = ()
    joins: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Orphan:
    """An account over there that belongs to nobody who should have one here."""

    remote_id: str
    user_name: str
    name: str
    active: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps in the order in which they are taken, and what is left alone."""

    steps: tuple[Step, ...] = ()
    orphans: tuple[Orphan, ...] = ()
    linked: int = 0
    leaving: tuple[str, ...] = field(default=())
