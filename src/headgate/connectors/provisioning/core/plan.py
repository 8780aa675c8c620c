"""From what should be there, what is there and who is linked to whom: the steps. Nothing here asks anybody anything.

Three rules stand above the rest: an account that belongs to nobody here is never touched unless a person chose it; no
step is ever made for somebody who is out of scope, but for taking away what was given; and once the steps are taken
there are none left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from headgate.connectors.provisioning.core.model import (
    ATTRIBUTES,
    Change,
    Desired,
    Link,
    Orphan,
    Person,
    Plan,
    Remote,
    RemoteUser,
    Rule,
    Step,
    Verb,
)
from headgate.connectors.provisioning.core.teams import team_steps
from headgate.kernel.phrases import phrase

WAS_REMOVED = phrase("the account was removed there")
TWO_MATCH = phrase(
    "two accounts there match this person; remove one, or give the right one this person's id as externalId"
)
TAKEN = phrase("the account that matches belongs to somebody else here")


def plan(desired: Desired, remote: Remote, links: Iterable[Link], rule: Rule) -> Plan:
    """What has to be done so that the other side is as it should be."""
    users = {link.local: link for link in links if link.resource == "user"}
    groups = {link.local: link for link in links if link.resource == "group"}
    there = {user.id: user for user in remote.users}
    wanted = {person.local for person in desired.people}
    held = {link.remote_id for link in users.values()}
    finder = Finder.of([user for user in remote.users if user.id not in held], rule)
    joining: list[Step] = []
    taken = set(held)
    for person in desired.people:
        step = _for_person(person, users.get(person.local), there, finder, taken, rule)
        if step is not None:
            joining.append(step)
            taken.add(step.remote_id)
    leaving = [
        step
        for link in users.values()
        if link.local not in wanted and (step := _for_leaver(link, there.get(link.remote_id), rule)) is not None
    ]
    chosen = [_for_chosen(there[id]) for id in sorted(rule.chosen) if id in there and id not in taken]
    orphans = tuple(_orphan(user) for user in remote.users if user.id not in taken) if remote.complete else ()
    gone = frozenset(step.local for step in leaving if step.verb in ("delete", "forget"))
    teams = () if remote.groups is None else team_steps(desired.teams, remote.groups, groups, users, joining, gone)
    return Plan(
        (*leaving, *(step for step in chosen if step is not None), *joining, *teams),
        orphans,
        sum(1 for link in users.values() if link.remote_id in there and there[link.remote_id].active),
        tuple(step.local for step in leaving if step.verb in ("deactivate", "delete")),
    )


def fingerprint(value: str) -> str:
    """What stands for a value that is not to be kept itself."""
    return sha256(value.encode()).hexdigest()[:16]


def differences(person: Person, there: RemoteUser, link: Link | None, rule: Rule) -> tuple[Change, ...]:
    """What of an account has to change. Its userName is left alone where accounts are matched by e-mail, and an
    externalId that another system gave is never written over."""
    ignored: Mapping[str, str] = {} if link is None else link.ignored
    after = person.attributes()
    found = []
    for name in ATTRIBUTES:
        if name not in after or (name == "userName" and rule.match_by == "email"):
            continue
        before, value = there.attributes.get(name, ""), after[name]
        if name == "active":
            before = "true" if there.active else "false"
        if name == "externalId" and before:
            continue
        if not _alike(name, before, value) and ignored.get(name) != fingerprint(value):
            found.append(Change(name, before, value))
    return tuple(found)


def too_many(plan_: Plan, most: int, percent: int, confirmed: frozenset[str] = frozenset()) -> int:
    """How many accounts would lose access where that is more than may without a person's word; otherwise 0. One may
    always; those that a person has confirmed do not count."""
    leaving = [local for local in plan_.leaving if local not in confirmed]
    allowed = max(1, min(most, plan_.linked * percent // 100))
    return len(leaving) if len(leaving) > allowed else 0


class Finder:
    """Finds the account of somebody among those that are linked to nobody."""

    def __init__(self, by_id: Mapping[str, list[RemoteUser]], by_match: Mapping[str, list[RemoteUser]], rule: Rule):
        self._by_id, self._by_match, self._rule = by_id, by_match, rule

    @classmethod
    def of(cls, free: Sequence[RemoteUser], rule: Rule) -> Finder:
        """Over accounts that are free. What differs in capitals only is the same (RFC 7643: caseExact false)."""
        by_id: dict[str, list[RemoteUser]] = {}
        by_match: dict[str, list[RemoteUser]] = {}
        for user in free:
            if user.attributes.get("externalId"):
                by_id.setdefault(user.attributes["externalId"], []).append(user)
            keys = {user.user_name.casefold()} if rule.match_by == "user_name" else user.emails
            for key in keys - {""}:
                by_match.setdefault(key.casefold(), []).append(user)
        return cls(by_id, by_match, rule)

    def find(self, person: Person) -> list[RemoteUser]:
        """The accounts that may be this person's: by the id that we gave it, otherwise as the target says."""
        known = self._by_id.get(person.local)
        if known:
            return known
        key = person.user_name if self._rule.match_by == "user_name" else person.email
        return self._by_match.get(key.casefold(), [])


def _for_person(
    person: Person, link: Link | None, there: Mapping[str, RemoteUser], finder: Finder, taken: set[str], rule: Rule
) -> Step | None:
    linked = there.get(link.remote_id) if link is not None else None
    if linked is not None:
        if linked.trouble:
            return Step("refuse", "user", person.local, linked.id, person.name, reason=linked.trouble)
        changes = differences(person, linked, link, rule)
        verb: Verb = "reactivate" if any(change.attribute == "active" for change in changes) else "change"
        return Step(verb, "user", person.local, linked.id, person.name, changes) if changes else None
    found = finder.find(person)
    if len(found) > 1 or (found and found[0].id in taken):
        return Step("refuse", "user", person.local, "", person.name, reason=TWO_MATCH if len(found) > 1 else TAKEN)
    if found:
        reason = found[0].trouble
        if reason:
            return Step("refuse", "user", person.local, found[0].id, person.name, reason=reason)
        return Step("link", "user", person.local, found[0].id, person.name, differences(person, found[0], None, rule))
    made = tuple(Change(name, "", value) for name, value in person.attributes().items())
    return Step("create", "user", person.local, "", person.name, made, reason=WAS_REMOVED if link is not None else "")


def _for_leaver(link: Link, there: RemoteUser | None, rule: Rule) -> Step | None:
    if there is None:
        return Step("forget", "user", link.local, link.remote_id, link.local, reason=WAS_REMOVED)
    name = there.attributes.get("displayName") or there.user_name or link.local
    if rule.leavers == "delete":
        return Step("delete", "user", link.local, there.id, name)
    if not there.active:
        return None
    return Step("deactivate", "user", link.local, there.id, name, (Change("active", "true", "false"),))


def _for_chosen(there: RemoteUser) -> Step | None:
    name = there.attributes.get("displayName") or there.user_name
    if not there.active or there.trouble:
        return None
    return Step("deactivate", "user", "", there.id, name, (Change("active", "true", "false"),))


def _orphan(user: RemoteUser) -> Orphan:
    return Orphan(user.id, user.user_name, user.attributes.get("displayName", ""), user.active)


def _alike(name: str, before: str, after: str) -> bool:
    return before.casefold() == after.casefold() if name in ("userName", "emails") else before == after


__all__ = ["differences", "fingerprint", "plan", "too_many"]
