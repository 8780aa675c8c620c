"""Files that speak for what is asked, as a page names them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from headgate.channel.evidence import KeptFile, file_name
from headgate.console import urls
from headgate.console.views.common import FileLink


def file_links(files: Iterable[KeptFile], case_id: UUID) -> tuple[FileLink, ...]:
    """All that is kept of a case's subject."""
    return tuple(FileLink(f.name, urls.case_file(case_id, f.file), f.size, f.sha256) for f in files)


def asked_with(summary: Mapping[str, object], files: Iterable[KeptFile], case_id: UUID) -> tuple[FileLink, ...]:
    """The files that an approval is asked with, and binds: what came later is not among them, and what is not kept any
    more is still named."""
    kept = {f.reference: f for f in files}
    return tuple(
        next(iter(file_links([kept[each]], case_id))) if each in kept else FileLink(file_name(each))
        for each in named_in(summary)
    )


def named_in(summary: Mapping[str, object]) -> Sequence[str]:
    """How an approval's summary names its files."""
    found = summary.get("evidence")
    return [str(each) for each in found] if isinstance(found, (list, tuple)) else ()
