"""Changing a tenant's brand: every change is a version that stays, and one that was can be used again."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from psycopg import Connection

from headgate.access.branding import repo
from headgate.access.branding.core.brand import BrandDraft, check_brand, draft_of, stored
from headgate.access.branding.core.logo import Logo, read_logo
from headgate.access.core.roles import require
from headgate.access.recording import record
from headgate.access.tenants import get_tenant
from headgate.kernel.canonical import canonical_text
from headgate.kernel.context import Context
from headgate.kernel.errors import Invalid, NotFound, Stale
from headgate.kernel.phrases import phrase

LogoChange: TypeAlias = Logo | Literal["keep", "drop"]


@dataclass(frozen=True, slots=True)
class BrandVersion:
    """A brand as it was from `changed_at` on. `logo` is the mark of its picture, '' without one."""

    version: int
    draft: BrandDraft
    logo: str
    changed_by: str
    changed_by_name: str
    changed_at: datetime


def current_version(settings: Mapping[str, Any]) -> int:
    """The version in force; 0 before the first."""
    number = _brand(settings.get("brand")).get("version")
    return number if isinstance(number, int) else 0


def save_brand(
    conn: Connection[Any], ctx: Context, draft: BrandDraft, logo: LogoChange = "keep", *, seen: int | None = None
) -> int:
    """Put a brand in force; its version. It counts from the next page and the next mail on.

    `seen` is the version that was changed; another one in force meanwhile is `Stale`. What is in force already makes
    no new version. Raises `Invalid` with every problem found.
    """
    require(ctx.principal, "admin")
    checked = check_brand(draft)
    row = conn.execute(repo.BRAND_NOW).fetchone()
    before = _brand(row[0] if row else None)
    in_force = current_version({"brand": before})
    if seen is not None and seen != in_force:
        raise Stale("somebody else changed the brand meanwhile; look at it and change it again")
    picture = logo if isinstance(logo, Logo) else (_picture(conn, before) if logo == "keep" else None)
    after = stored(checked) | ({"logo": picture.mark} if picture else {})
    if after == {key: value for key, value in before.items() if key != "version"}:
        return in_force
    found = conn.execute(repo.LAST_VERSION).fetchone()
    version = (found[0] if found else 0) + 1
    values = {
        "version": version,
        "brand": canonical_text(after),
        "logo": picture.content if picture else None,
        "logo_type": picture.media_type if picture else "",
        "by": ctx.principal.id,
        "now": ctx.now,
    }
    conn.execute(repo.ADD_VERSION, values)
    conn.execute(repo.SET_BRAND, {"brand": canonical_text({**after, "version": version})})
    # A picture that was kept in the settings is told by its mark: an entry of the audit chain is no place for it.
    told = {**before, "logo": logo_mark({"brand": before})}
    told = {key: value for key, value in told.items() if value and key != "version"}
    slug = get_tenant(conn).slug
    record(conn, ctx, "tenant.brand_changed", "tenant", slug, version=version, before=told, after=after)
    return version


def restore_brand(conn: Connection[Any], ctx: Context, version: int, *, seen: int | None = None) -> int:
    """Put a brand that was in force once in force again, as a new version. Raises `NotFound`."""
    require(ctx.principal, "admin")
    row = conn.execute(repo.VERSION, {"version": version}).fetchone()
    if row is None:
        raise NotFound(phrase("there is no version %(version)s of the brand", version=version))
    brand, content, _ = row
    return save_brand(conn, ctx, draft_of(brand), read_logo(bytes(content)) if content else "drop", seen=seen)


def brand_versions(conn: Connection[Any], limit: int = 20) -> list[BrandVersion]:
    """The versions, newest first."""
    rows = conn.execute(repo.VERSIONS, {"limit": limit}).fetchall()
    return [
        BrandVersion(version, draft_of(brand), str(brand.get("logo", "")), by, name or by, at)
        for version, brand, by, name, at in rows
    ]


def brand_logo(conn: Connection[Any]) -> Logo | None:
    """The picture in force; None where there is none, or none that can be shown."""
    return _picture(conn, _brand(get_tenant(conn).settings.get("brand")))


def _brand(found: object) -> dict[str, Any]:
    return dict(found) if isinstance(found, Mapping) else {}


def _picture(conn: Connection[Any], brand: Mapping[str, Any]) -> Logo | None:
    if not brand.get("logo"):
        return None
    if not isinstance(brand.get("version"), int):
        return _from_settings(brand["logo"])
    row = conn.execute(repo.VERSION, {"version": brand["version"]}).fetchone()
    return read_logo(bytes(row[1])) if row is not None and row[1] else None


def _from_settings(text: object) -> Logo | None:
    """A picture that the settings hold themselves, Base64, as they did before there were versions."""
    if not isinstance(text, str):
        return None
    try:
        return read_logo(base64.b64decode(text, validate=True))
    except (Invalid, binascii.Error, ValueError):
        return None


def logo_mark(settings: Mapping[str, Any]) -> str:
    """What changes when the picture of these settings does; '' where there is none that can be shown."""
    brand = _brand(settings.get("brand"))
    if current_version({"brand": brand}):
        return str(brand.get("logo", ""))
    picture = _from_settings(brand.get("logo"))
    return picture.mark if picture else ""
