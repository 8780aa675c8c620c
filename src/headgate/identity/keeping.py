"""A form survives the question for a proof: kept when it is asked, filled in again when its sender comes back, for
every edge alike. The button is pressed once more; nothing is carried out by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from psycopg import Connection
from starlette.requests import Request

from headgate.access import Sealer
from headgate.access.session_forms import KeptForm, drop_form, keep_form, kept_form
from headgate.kernel.context import Context
from headgate.kernel.errors import ProofNeeded
from headgate.kernel.phrases import joined, phrase
from headgate.ui.cookies import CSRF_FIELD, Notice
from headgate.ui.refill import MARK, Refilled, refill

# What is typed anew: it is worth something in other hands. Forms of one's own account are not kept at all.
SECRETS: Final = frozenset({"password", "again", "fresh", "token", "client_secret", "response", "sealed"})
TOO_LONG: Final = "long"
_LONGEST_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Mark:
    """What an address says of a kept form: its id, or that it was too long to be kept."""

    id: UUID | None
    too_long: bool = False


def keep_sent(
    conn: Connection[Any],
    ctx: Context,
    sealer: Sealer,
    token: str,
    sent: tuple[str, str],
    form: Mapping[str, str],
    *,
    files: bool,
) -> str:
    """Keep what was sent, but for secrets, from a page to an address (`sent`); the page with the mark by which it is
    filled in there."""
    page, action = unmarked(sent[0]), sent[1]
    fields = {name: value for name, value in form.items() if name not in SECRETS and name not in (CSRF_FIELD, MARK)}
    kept = keep_form(conn, ctx, sealer, token, KeptForm(page, action, fields, files))
    return f"{page}{'&' if '?' in page else '?'}{MARK}={kept or TOO_LONG}"


def sent_of(error: ProofNeeded, page: str, action: str) -> tuple[str, str]:
    """Where a form that needs a proof is filled in again, and the address that it goes to there."""
    return error.page or page, error.action or action


def unmarked(address: str) -> str:
    """An address without the mark of a kept form."""
    path, _, query = address.partition("?")
    rest = "&".join(part for part in query.split("&") if not part.startswith(f"{MARK}="))
    return f"{path}?{rest}" if rest else path


def mark_of(address: str) -> Mark | None:
    """What an address, or the query of one, says of a kept form."""
    given = parse_qs(urlsplit(address).query).get(MARK, [""])[-1]
    if given == TOO_LONG:
        return Mark(None, too_long=True)
    try:
        return Mark(UUID(given))
    except ValueError:
        return None


def without_mark(request: Request) -> tuple[Request, Mark | None]:
    """A request as its page knows it, and the mark that its address carried."""
    address = f"?{request.url.query}"
    if f"{MARK}=" not in address:
        return request, None
    query = unmarked(address).removeprefix("?").encode()
    return Request({**request.scope, "query_string": query}, request.receive), mark_of(address)


def take_mark(form: Mapping[str, str]) -> tuple[Mapping[str, str], Mark | None]:
    """A form as its handler knows it, and the mark that it carried."""
    if MARK not in form:
        return form, None
    return {name: value for name, value in form.items() if name != MARK}, mark_of(f"?{MARK}={form[MARK]}")


def use_up(conn: Connection[Any], token: str, mark: Mark | None) -> None:
    """The form was sent again: it is kept no longer."""
    if mark is not None and mark.id is not None:
        drop_form(conn, token, mark.id)


def find_kept(
    conn: Connection[Any], ctx: Context, sealer: Sealer, token: str, mark: Mark | None, page: str
) -> KeptForm | None:
    """The form that a mark stands for, if this session has sent it from this page."""
    if mark is None or mark.id is None:
        return None
    found = kept_form(conn, ctx, sealer, token, mark.id)
    return found if found is not None and _path(found.page) == _path(page) else None


def filled_in(
    draw: Callable[[tuple[Notice, ...]], str], kept: KeptForm | None, mark: Mark | None, say: Callable[[str], str]
) -> str:
    """A page with what was typed filled in again, and a word about it above. `draw` makes it with further messages."""
    if mark is None or (kept is None and not mark.too_long):
        return draw(())
    if kept is None:
        said = say(phrase("Nothing was done yet. What you had typed was too long to be kept."))
        return draw((Notice("risk", said),))
    id = str(mark.id)
    tried = refill(draw(()), kept.action, kept.fields, id)
    return refill(draw(_words(tried, kept, say)), kept.action, kept.fields, id).html


def _words(tried: Refilled, kept: KeptForm, say: Callable[[str], str]) -> tuple[Notice, ...]:
    parts = [
        phrase("Nothing was done yet. What you had typed is filled in again: check it and press the button once more.")
        if tried.found
        else phrase("Nothing was done yet. What you had typed could not be filled in here.")
    ]
    if tried.found and kept.files:
        parts.append(phrase("Files are to be chosen again."))
    if tried.left:
        texts = joined(" · ", [text[:_LONGEST_SHOWN] for text in tried.left])
        parts.append(phrase("This found no place: %(texts)s", texts=texts))
    said = say(joined(" ", parts))
    if not tried.found:
        return (Notice("risk", said),)
    return (Notice("quiet", said, f"#{tried.anchor}", say(phrase("Go to the form"))),)


def _path(address: str) -> str:
    return urlsplit(address).path
