"""An outside system as a run sees it: what it can, what is there, and single changes, with its refusals in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar, cast

from pydantic import ValidationError
from scim2_client import SCIMClientException
from scim2_client.errors import RequestNetworkException
from scim2_models import (
    Error,
    Group,
    PatchOp,
    Resource,
    ResourceType,
    Schema,
    SCIMException,
    ScimProvider,
    ServiceProviderConfig,
    User,
)

from headgate.connectors.delivery.core.redact import excerpt
from headgate.connectors.provisioning.core.model import Change, Remote, RemoteGroup, RemoteUser
from headgate.connectors.provisioning.core.words import Abilities
from headgate.connectors.provisioning.outside import TOLERANT, Outside
from headgate.connectors.provisioning.records import (
    Account,
    group_of,
    new_group,
    new_user,
    operations,
    patched_members,
    read_group,
    read_user,
    replacing,
    with_changes,
    with_members,
)
from headgate.kernel.phrases import phrase

Kind = Literal["gone", "taken", "stale", "shut", "down", "refused"]
PAGE: Final = 100
MOST_ACCOUNTS: Final = 20_000
MOST_PAGES: Final = 20_000
LONGEST_DETAIL: Final = 200
_ANY: Final[Any] = None
_PATCH: Final[Any] = PatchOp
T = TypeVar("T", bound=Resource[Any])


class Failure(Exception):
    """What the system did not do. `kind`: the record is gone, its name is taken, it changed meanwhile, we are shut
    out, the system is down, or it refused."""

    def __init__(self, kind: Kind, words: str) -> None:
        super().__init__(words)
        self.kind, self.words = kind, words


@dataclass(frozen=True, slots=True)
class Described:
    """What a system says of itself, for people and for the library."""

    abilities: Abilities
    config: ServiceProviderConfig | None = None


class System:
    """One outside system during one run."""

    def __init__(self, outside: Outside, described: Described, hidden: Sequence[str] = ()) -> None:
        self._outside, self.abilities, self._hidden = outside, described.abilities, hidden
        outside.provider = ScimProvider(models=[User, Group], config=described.config, policy=TOLERANT)

    @classmethod
    def meet(cls, outside: Outside, hidden: Sequence[str] = ()) -> System:
        """Ask a system what it is. One that keeps no description of itself can still be worked with; one that cannot be
        reached or shuts us out raises `Failure`."""
        return cls(outside, describe(outside, hidden), hidden)

    def all(self) -> Remote:
        """All accounts and groups. Where there are too many accounts, none: `complete` says so."""
        users = self._listed(User)
        if users is None:
            return Remote(groups=self._groups(), complete=False)
        with TOLERANT:
            return Remote(tuple(read_user(each) for each in users), self._groups())

    def knock(self) -> None:
        """Ask for one account, to see whether the token is good: what a system says of itself it may say to anybody."""
        self._page(User, {"startIndex": 1, "count": 1})

    def user(self, id: str) -> RemoteUser | None:
        """One account; None when it is not there."""
        found = self._get(User, id)
        with TOLERANT:
            return None if found is None else read_user(found.model_dump())

    def find(self, attribute: str, value: str) -> list[RemoteUser]:
        """Accounts whose attribute is this, found by the system itself."""
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        payload = self._page(User, {"filter": f'{attribute} eq "{quoted}"', "count": 10})
        with TOLERANT:
            return [read_user(each) for each in _records(payload)]

    def create_user(self, changes: Sequence[Change]) -> RemoteUser:
        """Make an account. `Failure` of kind taken where one of that name is there."""
        return self._created(new_user(changes))

    def change_user(self, id: str, changes: Sequence[Change]) -> RemoteUser:
        """Change attributes of an account and leave the others. Read first, so that nobody's change is written over;
        where somebody was quicker, once more."""
        for last in (False, True):
            before = self._get(User, id)
            if before is None:
                raise Failure("gone", phrase("the account is not there any more"))
            try:
                return self._write_user(before, changes)
            except Failure as failure:
                if failure.kind != "stale" or last:
                    raise
        raise AssertionError("the second try returns or raises")

    def delete(self, resource: type[Resource[Any]], id: str) -> None:
        """Delete an account or a group. One that is gone already is no failure."""
        try:
            with self._told():
                self._outside.delete(resource, id, expected_status_codes=_ANY)
        except Failure as failure:
            if failure.kind != "gone":
                raise

    def create_group(self, name: str, external_id: str, members: Sequence[str]) -> RemoteGroup:
        """Make a group with these accounts in it."""
        with self._told():
            made = self._outside.create(new_group(name, external_id, members), expected_status_codes=_ANY)
        with TOLERANT:
            return group_of(cast("Group", made))

    def change_group(self, id: str, name: str, joins: Sequence[str], leaves: Sequence[str]) -> None:
        """Give a group a name (empty leaves it), let accounts in and out, and leave its other members."""
        for last in (False, True):
            before = self._get(Group, id)
            if before is None:
                raise Failure("gone", phrase("the group is not there any more"))
            try:
                self._write_group(before, name, joins, leaves)
            except Failure as failure:
                if failure.kind != "stale" or last:
                    raise
            else:
                return

    # --- how ---

    def _created(self, user: Account) -> RemoteUser:
        with self._told():
            made = self._outside.create(user, expected_status_codes=_ANY)
        return self._read_back(made, "")

    def _write_user(self, before: Account, changes: Sequence[Change]) -> RemoteUser:
        with self._told(), TOLERANT:
            if self.abilities.patch:
                patch = _PATCH[User](operations=operations(before, changes))
                made: object = self._outside.modify(before, patch, expected_status_codes=_ANY)
            else:
                made = self._outside.replace(with_changes(before, changes), expected_status_codes=_ANY)
        return self._read_back(made, str(before.id))

    def _write_group(self, before: Group, name: str, joins: Sequence[str], leaves: Sequence[str]) -> None:
        with self._told(), TOLERANT:
            if self.abilities.patch:
                steps = patched_members(before, joins, leaves)
                if name:
                    steps.insert(0, replacing("displayName", name))
                if steps:
                    self._outside.modify(before, _PATCH[Group](operations=steps), expected_status_codes=_ANY)
            else:
                after = with_members(before, name, joins, leaves)
                self._outside.replace(after, expected_status_codes=_ANY)

    def _read_back(self, made: object, id: str) -> RemoteUser:
        """What the system says it has now; asked for where the answer does not tell (204)."""
        if isinstance(made, User) and made.id:
            with TOLERANT:
                return read_user(made.model_dump())
        found = self.user(id) if id else None
        if found is None:
            raise Failure("refused", phrase("the system answered without saying which account it made"))
        return found

    def _get(self, model: type[T], id: str) -> T | None:
        try:
            with self._told():
                return cast("T", self._outside.query(model, id, expected_status_codes=_ANY))
        except Failure as failure:
            if failure.kind == "gone":
                return None
            raise

    def _groups(self) -> tuple[RemoteGroup, ...] | None:
        if not self.abilities.groups:
            return None
        found = self._listed(Group)
        if found is None:
            raise Failure("refused", phrase("the system has more groups than can be read"))
        with TOLERANT:
            return tuple(group for each in found if (group := read_group(each)) is not None)

    def _listed(self, model: type[Resource[Any]]) -> list[Mapping[str, Any]] | None:
        """All records as they came, page by page; None where there are too many. Systems that give fewer than asked
        for are asked on, and a record that two pages have counts once."""
        found: dict[str, Mapping[str, Any]] = {}
        start, size = 1, min(self.abilities.page or PAGE, PAGE)
        for _ in range(MOST_PAGES):
            payload = self._page(model, {"startIndex": start, "count": size})
            total = _count(payload, "totalResults")
            if total > MOST_ACCOUNTS:
                return None
            records = _records(payload)
            found |= {str(each["id"]): each for each in records if each.get("id")}
            start += len(records)
            if not records or start > total:
                break
        return list(found.values())

    def _page(self, model: type[Resource[Any]], asked: Mapping[str, object]) -> Mapping[str, Any]:
        with self._told():
            payload = self._outside.query(
                model, dict(asked), check_response_payload=False, expected_status_codes=_ANY, raise_scim_errors=True
            )
            return _checked(payload, self._hidden)

    @contextmanager
    def _told(self) -> Iterator[None]:
        with told(self._hidden):
            yield


def describe(outside: Outside, hidden: Sequence[str] = ()) -> Described:
    """What a system says of itself. What it does not say is taken as missing. Raises `Failure`."""
    config = _asked(outside, ServiceProviderConfig, hidden)
    types = _asked(outside, ResourceType, hidden)
    schemas = _asked(outside, Schema, hidden)
    endpoints = {str(each.get("endpoint", "")).strip("/").casefold() for each in _records(types)}
    said: ServiceProviderConfig | None = None
    if config:
        with TOLERANT, told(hidden):
            said = ServiceProviderConfig.model_validate(config)
    return Described(
        Abilities(
            described=said is not None,
            patch=bool(said and said.patch and said.patch.supported),
            filter=bool(said and said.filter and said.filter.supported),
            page=(said.filter.max_results or 0) if said and said.filter else 0,
            bulk=bool(said and said.bulk and said.bulk.supported),
            etag=bool(said and said.etag and said.etag.supported),
            groups="groups" in endpoints if endpoints else True,
            schemas=len(_records(schemas)),
        ),
        said,
    )


@contextmanager
def told(hidden: Sequence[str]) -> Iterator[None]:
    """What goes wrong within, as a `Failure` in words."""
    try:
        yield
    except RequestNetworkException as error:
        text = _plain(str(error), hidden)
        raise Failure("down", phrase("the system cannot be reached: %(error)s", error=text)) from None
    except SCIMException as error:
        raise _failure(int(error.status), _plain(error.detail, hidden)) from None
    except SCIMClientException as error:
        status = int(getattr(error.source, "status_code", 0) or 0)
        raise (_failure(status, "") if status >= 300 else _unreadable(str(error), hidden)) from None
    except ValidationError as error:
        raise _unreadable(str(error).splitlines()[0], hidden) from None


def _asked(outside: Outside, model: type[Resource[Any]], hidden: Sequence[str]) -> Mapping[str, Any]:
    try:
        with told(hidden):
            return _checked(outside.query(model, check_response_payload=False, expected_status_codes=_ANY), hidden)
    except Failure as failure:
        if failure.kind in ("shut", "down"):
            raise
        return {}


def _checked(payload: object, hidden: Sequence[str]) -> Mapping[str, Any]:
    if not isinstance(payload, Mapping):
        raise Failure("refused", phrase("the system answered with something that is no SCIM message"))
    if payload.get("schemas") == [Error.__schema__]:
        detail = payload.get("detail")
        raise _failure(_count(payload, "status"), _plain(str(detail or ""), hidden))
    return payload


def _failure(status: int, detail: str) -> Failure:
    words = (
        phrase("the system answered %(status)s: %(detail)s", status=status, detail=detail)
        if detail
        else phrase("the system answered %(status)s", status=status)
    )
    kinds: Mapping[int, Kind] = {401: "shut", 403: "shut", 404: "gone", 409: "taken", 410: "gone", 412: "stale"}
    if status in (401, 403):
        words = phrase("the system does not let Headgate in (%(status)s): look at the token", status=status)
    return Failure(kinds.get(status, "down" if status >= 500 or status in (408, 429) else "refused"), words)


def _unreadable(detail: str, hidden: Sequence[str]) -> Failure:
    text = _plain(detail, hidden)
    return Failure("refused", phrase("the system's answer cannot be read: %(detail)s", detail=text))


def _plain(text: str, hidden: Sequence[str]) -> str:
    """Words of the other side, without what should not be kept."""
    return excerpt(text.encode(), hidden)[:LONGEST_DETAIL]


def _records(payload: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = payload.get("Resources")
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def _count(payload: Mapping[str, Any], name: str) -> int:
    try:
        return int(payload.get(name) or 0)
    except (TypeError, ValueError):
        return 0


__all__ = ["Described", "Failure", "System", "describe", "told"]
