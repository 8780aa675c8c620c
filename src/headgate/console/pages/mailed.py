"""The link of a mail: it leads the person it was sent to, signed in, to the request, once. It decides nothing."""

from __future__ import annotations

from uuid import UUID

from headgate.connectors.mail import find_mailed, follow_mailed
from headgate.console import urls
from headgate.console.views.mailed import LinkOverView
from headgate.console.visit import SIGNED_IN, Answer, Door, Go, Later, Shown, Visit
from headgate.kernel.errors import NotFound


def follow(visit: Visit) -> Answer:
    """On to the request. Mail scanners open links, too, but are not signed in, so they use none up."""
    secret = str(visit.request.path_params["token"])[:100]
    try:
        mailed = find_mailed(visit.conn, secret)
    except NotFound:
        return _over("unknown")
    # Support looks and does not act: a link stays for whom it was sent to.
    if visit.live is None or mailed.principal != visit.me.id:
        return _over("other")
    if not mailed.leads(visit.me.id, visit.now):
        return _over("used" if mailed.followed_at else "late", mailed.approval)
    followed: list[UUID] = []

    def use_up() -> None:
        with visit.app.database.transaction(visit.ctx.tenant_id) as conn:
            found = follow_mailed(conn, visit.ctx, secret)
            followed.extend([found] if found else [])

    def tell(after: Visit) -> Answer:
        return Go(urls.approval(followed[0])) if followed else _over("used", mailed.approval)

    return Later(use_up, tell)


def _over(why: str, approval: UUID | None = None) -> Answer:
    return Shown(LinkOverView(why, urls.approval(approval) if approval else ""), 404 if approval is None else 410)


DOORS = (Door("GET", urls.from_mail("{token}"), SIGNED_IN, follow),)
