"""A pack is a folder of files: processes, policies and what belongs to them. Installing is safe to repeat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from psycopg import Connection

from headgate.kernel.context import Context
from headgate.kernel.errors import NotFound, invalid
from headgate.kernel.settings import PACKS
from headgate.policy import PolicyService
from headgate.process import install, replace_in_turn
from headgate.process.core.signature import Signature

_KEYS = {"pack", "version", "title", "description", "processes", "policies", "metrics"}


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack as read: its files as (relative name, text)."""

    name: str
    version: int
    title: str
    description: str
    processes: tuple[tuple[str, str], ...]
    policies: tuple[tuple[str, str], ...]
    metrics: tuple[tuple[str, str], ...] = ()


def find_pack(name: str) -> Path:
    """The folder of a shipped pack. Raises NotFound naming those that there are."""
    for place in PACKS:
        if (place / name / "pack.yaml").is_file():
            return place / name
    known = sorted({p.parent.name for place in PACKS if place.is_dir() for p in place.glob("*/pack.yaml")})
    raise NotFound(f"there is no pack {name}; shipped are {', '.join(known) or 'none'}")


def read_pack(folder: Path) -> Pack:
    """Read a pack's files. Raises Invalid naming the file for keys it does not know and files that are missing."""
    manifest = folder / "pack.yaml"
    raw: Any = yaml.safe_load(manifest.read_text(encoding="utf-8"))
    if not isinstance(raw, dict) or set(raw) - _KEYS:
        unknown = sorted(set(raw) - _KEYS) if isinstance(raw, dict) else raw
        raise invalid(str(manifest.name), unknown, "is not a pack manifest", f"Known keys: {', '.join(sorted(_KEYS))}.")
    return Pack(
        name=str(raw["pack"]),
        version=int(raw["version"]),
        title=str(raw["title"]),
        description=str(raw.get("description", "")),
        processes=_files(folder, raw.get("processes")),
        policies=_files(folder, raw.get("policies")),
        metrics=_files(folder, raw.get("metrics")),
    )


def _files(folder: Path, names: object) -> tuple[tuple[str, str], ...]:
    found = []
    for name in names if isinstance(names, list) else ():
        path = (folder / str(name)).resolve()
        if not path.is_relative_to(folder.resolve()) or not path.is_file():
            raise invalid("pack.yaml", name, "is not a file of this pack", "Correct the path.")
        found.append((str(name), path.read_text(encoding="utf-8")))
    return tuple(found)


def install_pack(
    conn: Connection[Any], ctx: Context, pack: Pack, policies: PolicyService, actions: Mapping[str, Signature]
) -> None:
    """Bring a pack's processes and policies into force for the tenant, all or nothing.

    What the tenant has already, in that version or a newer one, is left alone. Raises `Invalid` where a process that
    reads a policy's decisions, itself or by one of the `actions` it runs, would miss something of what is in force.
    """
    replace_in_turn(conn)
    before = policies.active(conn, ctx.now)
    label = f"{pack.name}@{pack.version}"
    policies.install_all(conn, ctx, pack.policies, pack=label)
    for file, text in pack.processes:
        install(conn, ctx, text, file, policies, actions, label)
    policies.expect_still_read(conn, ctx.now, before)
