"""Files that partners send with a deal, a return or a price they ask for: taken, listed and handed back alike."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from uuid import UUID

from starlette.responses import Response

from headgate.channel.deals import DEAL_FILES
from headgate.channel.evidence import Shelf, read_evidence
from headgate.channel.exceptions import PRICE_FILES
from headgate.channel.returns import RETURN_FILES
from headgate.kernel.errors import Invalid
from headgate.portal import urls
from headgate.portal.pages.reading import size_words
from headgate.portal.pages.room import no_room_for_files
from headgate.portal.views import FileRow
from headgate.portal.visit import Visit
from headgate.ui.web import attachment

# Where a refusal of a file stands in a form.
PLACES = {"evidence": "evidence", "file": "evidence"}


@dataclass(frozen=True, slots=True)
class Taken:
    """What was kept of an upload that was not there before, by name, and what is wrong with the first file that was
    not taken."""

    new: tuple[str, ...]
    problem: Invalid | None


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one kind of thing: its shelf, where each is handed back, and where one is taken away."""

    shelf: Shelf
    href: Callable[[object, UUID | str], str]
    drop: Callable[[object, UUID | str], str] | None = None

    def rows(self, visit: Visit, number: str, *, stay: Collection[str] | None = None) -> tuple[FileRow, ...]:
        """The files of a thing. Those can be taken away whose reference is not among those that `stay` (None: all)."""
        return tuple(
            FileRow(
                f.name,
                self.href(number, f.file),
                size_words(f.size),
                self.drop(number, f.file) if self.drop and stay is not None and f.reference not in stay else "",
            )
            for f in self.shelf.of(visit.conn, number, visit.partner)
        )

    def references(self, visit: Visit, number: str) -> list[str]:
        """How a request names the files, so that an approval binds their bytes."""
        return [f.reference for f in self.shelf.of(visit.conn, number, visit.partner)]

    def take(self, visit: Visit, number: str) -> Taken:
        """Keep what was uploaded, up to the first file that is not taken."""
        if problem := no_room_for_files(visit):
            return Taken((), problem)
        before = {f.file for f in self.shelf.of(visit.conn, number, visit.partner)} if visit.uploads else set()
        new: list[str] = []
        for upload in visit.uploads:
            try:
                kept = self.shelf.add(visit.conn, visit.ctx, number, read_evidence(upload.name, upload.content))
            except Invalid as error:
                return Taken(tuple(new), error)
            if kept.file not in before:
                new.append(kept.name)
        return Taken(tuple(new), None)

    def hand(self, visit: Visit, number: str, file: UUID) -> Response:
        """A file, as an attachment that no browser runs."""
        found, content = self.shelf.get(visit.conn, number, file)
        return attachment(found.name, found.media_type, content)


OF_DEALS = Files(DEAL_FILES, urls.deal_file, urls.deal_file_drop)
OF_PRICES = Files(PRICE_FILES, urls.price_file, urls.price_file_drop)
OF_RETURNS = Files(RETURN_FILES, urls.return_file)
