"""Which packs are installed, what each brought, from whom it is, and what newer there is. Nothing is changed here."""

from __future__ import annotations

from headgate.console import urls
from headgate.console.views.packs import PackRow, PacksView
from headgate.console.visit import Answer, Door, Visit
from headgate.kernel.phrases import worded
from headgate.packs.installed import InstalledPack, installed_packs


def show(visit: Visit) -> Answer:
    """All of them."""
    return PacksView(
        tuple(row_of(each, processes=visit.may("cases.read")) for each in installed_packs(visit.conn)),
        visit.tenant.slug,
    )


def row_of(found: InstalledPack, *, processes: bool) -> PackRow:
    """One of them, for the page; `processes`: whether the reader may open those it brought."""
    above = found.above
    offered = above.version if above is not None and above.version > found.version else 0
    return PackRow(
        found.name,
        worded(found.title),
        worded(found.description),
        found.version,
        above.provider_name if above is not None else "",
        offered or (found.shipped if found.shipped > found.version else 0),
        above.provider_name if above is not None and offered else "",
        tuple((urls.policy(name), worded(title)) for name, title in found.policies),
        tuple((urls.process(name) if processes else "", worded(title)) for name, title in found.processes),
        found.metrics,
    )


DOORS = (Door("GET", urls.PACKS, ("policies.read",), show),)
