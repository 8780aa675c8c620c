"""What several pages load alike: names, policy tables, the last verification of the audit chain."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from headgate.access import accounts_of
from headgate.channel.partners import load_partners
from headgate.console.present.names import Names
from headgate.console.visit import Visit


def names_of(visit: Visit, *, people: Iterable[str] = (), partners: Iterable[str] = ()) -> Names:
    """The names of these people and partners, a query each at most."""
    wanted = sorted({p for p in people if p.startswith(("user:", "service:", "agent:"))})
    codes = sorted(set(partners))
    return Names(
        accounts_of(visit.conn, wanted, visit.now) if wanted else {},
        load_partners(visit.conn, codes) if codes else {},
    )


def definition_titles(
    visit: Visit, versions: Collection[tuple[str, int]]
) -> dict[tuple[str, int], tuple[str, dict[str, str]]]:
    """The title of each process version and of its stages."""
    return {
        (d.process, d.version): (d.title, {stage.id: stage.title for stage in d.stages.values()})
        for d in visit.app.engine.definitions.versions(visit.conn, versions).values()
    }
