"""Support: consents, looks, and the link that a look begins with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from headgate.access import parse_session_token
from headgate.access.support import consent, list_consents, list_looks, open_look, withdraw
from headgate.console import auth, urls
from headgate.console.guard import Site, outside_page, read_form
from headgate.console.pages.loading import names_of, people_to_pick
from headgate.console.present.people import typed_people
from headgate.console.views.common import FormError, Notice
from headgate.console.views.support import ConsentRow, LookRow, SupportLinkView, SupportView
from headgate.console.visit import Answer, Door, Go, Shown, Visit
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from headgate.kernel.phrases import phrase, sentence
from headgate.ui.web import problem_told
from headgate.ui.words import humanise

ADMIN = ("admin",)


def show(visit: Visit) -> Answer:
    """Consents and looks."""
    return _view(visit)


def give(visit: Visit) -> Answer:
    """Consent to support looking as somebody."""
    hours = visit.form.get("hours", "")
    try:
        with visit.conn.transaction():
            number = int(hours) if hours.isascii() and hours.isdigit() and len(hours) < 4 else 0
            subject = (*typed_people(visit.form.get("subject", "")), "")[0]
            made = consent(visit.conn, visit.ctx, subject, reason=visit.form.get("reason", ""), hours=number)
    except (Invalid, Conflict, NotFound) as error:
        problem = error.problems[0] if error.problems else None
        words = problem_told(problem, humanise(problem.field)) if problem else sentence(error.message)
        said = FormError(problem.field if problem else "subject", words)
        return Shown(replace(_view(visit), error=said, typed=visit.form), 422)
    name = names_of(visit, people=[made.subject]).person(made.subject).name
    return Go(
        urls.SUPPORT, Notice("done", phrase("Support may look as %(subject)s until the consent ends.", subject=name))
    )


def take_back(visit: Visit) -> Answer:
    """Withdraw a consent."""
    withdraw(visit.conn, visit.ctx, visit.uuid("consent"))
    return Go(urls.SUPPORT, Notice("done", phrase("The consent is withdrawn; a look under it has ended.")))


def _view(visit: Visit) -> SupportView:
    now = visit.now
    consents, looks = list_consents(visit.conn), list_looks(visit.conn)
    names = names_of(
        visit, people={who for c in consents for who in (c.subject, c.granted_by)} | {k.subject for k in looks}
    )
    return SupportView(
        tuple(
            ConsentRow(
                names.person(c.subject).name,
                c.reason,
                "revoked" if c.withdrawn_at else "active" if c.valid_until > now else "expired",
                c.valid_until,
                names.person(c.granted_by).name,
                urls.support_consent(c.id),
            )
            for c in consents
        ),
        tuple(
            LookRow(k.supporter, names.person(k.subject).name, k.reason, k.begun_at, k.ends_at, k.ends_at > now)
            for k in looks
        ),
        people=people_to_pick(visit),
    )


@dataclass(frozen=True, slots=True)
class SupportLink:
    """The endpoints of a link: shown by GET, followed by POST."""

    site: Site

    async def show(self, request: Request) -> Response:
        """The button."""
        return self._page(request, SupportLinkView(request.url.path))

    async def follow(self, request: Request) -> Response:
        """Begin to look."""
        form = await read_form(request)
        return await run_in_threadpool(self._follow, request, form)

    def _follow(self, request: Request, form: Mapping[str, str]) -> Response:
        link = str(request.path_params["link"])
        try:
            auth.check_form(request, form, auth.sent_before(request))
            tenant_id, _ = parse_session_token(link)
            ctx = Context(tenant_id, SYSTEM, self.site.app.clock.now(), str(request.scope["state"]["request_id"]))
            with self.site.app.database.transaction(tenant_id) as conn:
                token = open_look(conn, ctx, link)
        except (Unauthenticated, Forbidden) as error:
            return self._page(request, SupportLinkView(request.url.path, error.message), 403)
        response = RedirectResponse(urls.HOME, 303)
        auth.keep_session(response, token, secure=self.site.secure)
        return response

    def _page(self, request: Request, view: SupportLinkView, status: int = 200) -> Response:
        before = auth.before_token(request)
        page = outside_page(request, self.site.app.clock.now(), csrf=auth.csrf_of(before))
        response = HTMLResponse(self.site.console.render(page, view), status)
        auth.keep_before(response, before, secure=self.site.secure, path=urls.SUPPORT_LINK)
        return response


DOORS = (
    Door("GET", urls.SUPPORT, ADMIN, show),
    Door("POST", urls.SUPPORT, ADMIN, give, fresh=True),
    Door("POST", urls.support_consent("{consent}"), ADMIN, take_back, fresh=True),
)
