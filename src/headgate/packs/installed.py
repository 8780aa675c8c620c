"""Which packs a tenant has: what each brought, where it comes from, and whether something newer is there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import Connection

from headgate.access.inheritance import Inherited, list_inherited
from headgate.kernel.errors import NotFound
from headgate.packs.loader import Pack, find_pack, read_pack

_BROUGHT = """
select pack, kind, name, max(title) from (
    select pack, 'process' as kind, process as name, title from process_versions where pack <> ''
    union all
    select pack, 'policy', policy, title from policy_versions where pack <> ''
) as brought
group by pack, kind, name order by kind, max(title), name
"""


@dataclass(frozen=True, slots=True)
class InstalledPack:
    """A pack of the transaction's tenant. `version` is 0 for one that is offered and not here yet; `shipped` is the
    version that this installation has of it, 0 for one that it does not know; `above` is how a tenant above offers it.
    Policies and processes are name and title, metrics names."""

    name: str
    title: str
    description: str
    version: int
    shipped: int
    policies: tuple[tuple[str, str], ...]
    processes: tuple[tuple[str, str], ...]
    metrics: tuple[str, ...]
    above: Inherited | None = None


def installed_packs(conn: Connection[Any]) -> list[InstalledPack]:
    """The packs that brought something to the tenant, and those that are offered to it from above, by name."""
    brought: dict[str, dict[str, dict[str, str]]] = {}
    versions: dict[str, int] = {}
    for label, kind, name, title in conn.execute(_BROUGHT):
        pack, _, version = label.partition("@")
        brought.setdefault(pack, {}).setdefault(kind, {})[name] = title
        versions[pack] = max(versions.get(pack, 0), int(version) if version.isdecimal() else 0)
    above = {each.name: each for each in list_inherited(conn) if each.kind == "pack" and each.state != "released"}
    return [
        _pack(name, versions.get(name, 0), brought.get(name, {}), above.get(name))
        for name in sorted({*brought, *above})
    ]


def _pack(name: str, version: int, brought: dict[str, dict[str, str]], above: Inherited | None) -> InstalledPack:
    known = _known(name)
    return InstalledPack(
        name,
        known.title if known else above.title if above else name,
        known.description if known else "",
        version,
        known.version if known else 0,
        tuple(brought.get("policy", {}).items()),
        tuple(brought.get("process", {}).items()),
        tuple(Path(file).stem for file, _ in known.metrics) if known else (),
        above,
    )


def _known(name: str) -> Pack | None:
    try:
        return read_pack(find_pack(name))
    except NotFound:
        return None
