"""Taking one step over there, without any transaction: what was done, and what was read back afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scim2_models import User

from headgate.connectors.provisioning.core.model import Change, Person, RemoteUser, Rule, Step
from headgate.connectors.provisioning.core.plan import TAKEN, differences, fingerprint
from headgate.connectors.provisioning.system import Failure, System
from headgate.kernel.phrases import phrase

STILL_THERE = phrase("the system answered that the account is deleted, and still has it")
STILL_ACTIVE = phrase("the system answered that the account is deactivated, and still lets it in")
OTHER_RULE = phrase(
    "the name is taken there by an account that does not match; link it there by this person's id as externalId, or "
    "match accounts by user name"
)


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a step. `error` is empty where it went well; `link` says whether somebody is linked afterwards, to
    `remote_id`; `made` that we made it. `failure` is the kind of what went wrong."""

    remote_id: str = ""
    link: bool = True
    made: bool = False
    active: bool = True
    ignored: Mapping[str, str] = field(default_factory=dict)
    proof: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    failure: str = ""


@dataclass(slots=True)
class Hands:
    """Takes the steps of one run. `links` are ids over there by who they are here, and grow while it goes on."""

    system: System
    rule: Rule
    people: Mapping[str, Person]
    links: dict[str, str]

    def take(self, step: Step) -> Taken:
        """Take a step. Raises nothing but what ends the run (`Later`)."""
        if step.verb == "refuse":
            return Taken(step.remote_id, error=step.reason, failure="refused")
        try:
            done = self._group(step) if step.resource == "group" else self._user(step)
        except Failure as failure:
            return Taken(step.remote_id, error=failure.words, failure=failure.kind)
        if step.resource == "user" and step.local and not done.error:
            if done.link:
                self.links[step.local] = done.remote_id
            else:
                self.links.pop(step.local, None)
        return done

    def _user(self, step: Step) -> Taken:
        match step.verb:
            case "create":
                return self._create(step)
            case "deactivate":
                return self._deactivate(step)
            case "delete":
                return self._delete(step)
            case "forget":
                return Taken(step.remote_id, link=False)
            case _:
                return self._change(step, made=False)

    def _create(self, step: Step) -> Taken:
        try:
            there = self.system.create_user(step.changes)
        except Failure as failure:
            if failure.kind != "taken":
                raise
            return self._adopt(step, failure)
        return self._after(step.changes, there, made=True)

    def _adopt(self, step: Step, failure: Failure) -> Taken:
        """The name is taken: the account that has it is this person's, where it matches as the target says."""
        person = self.people[step.local]
        by_name, by_mail = ("userName", person.user_name), ("emails.value", person.email)
        wanted = by_name if self.rule.match_by == "user_name" else by_mail
        there = self.system.find(*wanted) if self.system.abilities.filter else self.system.all().users
        found = [user for user in there if _matches(user, person, self.rule)]
        if len(found) != 1:
            raise failure if not found and self.rule.match_by == "user_name" else Failure("taken", OTHER_RULE)
        if found[0].id in self.links.values():
            raise Failure("taken", TAKEN)
        changes = differences(person, found[0], None, self.rule)
        if not changes:
            return Taken(found[0].id, active=found[0].active)
        return self._after(changes, self.system.change_user(found[0].id, changes), made=False)

    def _change(self, step: Step, *, made: bool) -> Taken:
        if not step.changes:
            return Taken(step.remote_id)
        return self._after(step.changes, self.system.change_user(step.remote_id, step.changes), made=made)

    def _after(self, changes: Sequence[Change], there: RemoteUser, *, made: bool) -> Taken:
        """What the system has now, against what it was told: a value that it did not keep is not told it again."""
        ignored = {
            change.attribute: fingerprint(change.after)
            for change in changes
            if change.attribute != "active" and not _kept(change, there)
        }
        proof = {"active": there.active, "ignored": sorted(ignored)} if ignored else {"active": there.active}
        if any(change.attribute == "active" for change in changes) and not there.active:
            words = phrase("the system answered that the account is active, and does not let it in")
            return Taken(there.id, made=made, active=False, proof=proof, error=words, failure="refused")
        return Taken(there.id, made=made, active=there.active, ignored=ignored, proof=proof)

    def _deactivate(self, step: Step) -> Taken:
        try:
            self.system.change_user(step.remote_id, step.changes)
        except Failure as failure:
            if failure.kind != "gone":
                raise
        there = self.system.user(step.remote_id)
        proof: Mapping[str, Any] = {"read_back": True, "there": there is not None}
        if there is None:
            return Taken(step.remote_id, link=False, active=False, proof=proof)
        proof = {**proof, "active": there.active}
        if there.active:
            return Taken(step.remote_id, proof=proof, error=STILL_ACTIVE, failure="refused")
        return Taken(step.remote_id, active=False, proof=proof)

    def _delete(self, step: Step) -> Taken:
        self.system.delete(User, step.remote_id)
        there = self.system.user(step.remote_id)
        proof = {"read_back": True, "there": there is not None}
        if there is not None:
            return Taken(step.remote_id, proof=proof, error=STILL_THERE, failure="refused")
        return Taken(step.remote_id, link=False, active=False, proof=proof)

    def _group(self, step: Step) -> Taken:
        joins, leaves = self._ids(step.joins), self._ids(step.leaves)
        if step.verb == "create":
            made = self.system.create_group(step.name, step.local, joins)
            return self._seen(step, Taken(made.id, made=True))
        if step.verb == "forget":
            if leaves:
                try:
                    self.system.change_group(step.remote_id, "", (), leaves)
                except Failure as failure:
                    if failure.kind != "gone":
                        raise
            return Taken(step.remote_id, link=False)
        name = step.name if step.changes else ""
        if joins or leaves or name:
            self.system.change_group(step.remote_id, name, joins, leaves)
        return self._seen(step, Taken(step.remote_id))

    def _seen(self, step: Step, taken: Taken) -> Taken:
        """Members who have no account there (theirs went wrong) are missing, and the group is tried again."""
        missing = [local for local in step.joins if local not in self.links]
        return Taken(taken.remote_id, made=taken.made, proof={"missing": len(missing)} if missing else {})

    def _ids(self, locals_: Sequence[str]) -> list[str]:
        return [self.links[local] for local in locals_ if local in self.links]


def _matches(user: RemoteUser, person: Person, rule: Rule) -> bool:
    if user.attributes.get("externalId") == person.local:
        return True
    if rule.match_by == "user_name":
        return user.user_name.casefold() == person.user_name.casefold()
    return person.email.casefold() in user.emails


def _kept(change: Change, there: RemoteUser) -> bool:
    found = there.attributes.get(change.attribute, "")
    return found == change.after or found.casefold() == change.after.casefold()


__all__ = ["Hands", "Taken"]
