"""Reading what is over there: all of it where that is little enough, otherwise those it is about, one by one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from headgate.connectors.provisioning.core.model import Desired, Link, Person, Remote, RemoteUser, Rule
from headgate.connectors.provisioning.system import Failure, System
from headgate.kernel.phrases import phrase


def look(system: System, desired: Desired, links: Iterable[Link], rule: Rule) -> Remote:
    """The other side as far as a plan needs it. Raises `Failure` where there is too much to read and nothing can be
    looked up."""
    remote = system.all()
    if remote.complete:
        return remote
    if not system.abilities.filter:
        raise Failure("refused", phrase("the system has too many accounts to read all of them, and finds none by name"))
    held = {link.local: link.remote_id for link in links if link.resource == "user"}
    found: dict[str, RemoteUser] = {}
    for id in [*held.values(), *sorted(rule.chosen)]:
        user = system.user(id)
        if user is not None:
            found[user.id] = user
    for person in desired.people:
        if held.get(person.local) not in found:
            found |= {user.id: user for user in _of(system, person, rule)}
    return replace(remote, users=tuple(found.values()))


def _of(system: System, person: Person, rule: Rule) -> list[RemoteUser]:
    known = system.find("externalId", person.local)
    if known:
        return known
    if rule.match_by == "email":
        return system.find("emails.value", person.email)
    return system.find("userName", person.user_name)


__all__ = ["look"]
