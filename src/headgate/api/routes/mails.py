"""Which mails the caller gets, in which language and time zone."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from psycopg import Connection
from pydantic import BeforeValidator, Field, StringConstraints

from headgate.access import load_principal
from headgate.access.mailing import KINDS, NO_CHOICE, Kind, When, choices_of, choose_mails, kinds_of
from headgate.api.auth import Caller, Oneself
from headgate.api.idempotency import Once, write_once
from headgate.api.models.common import Body, Shape
from headgate.api.openapi import READ, WRITE, problems
from headgate.api.parameters import Code
from headgate.api.strict import StrictRoute
from headgate.kernel.errors import Forbidden, invalid

router = APIRouter(route_class=StrictRoute, tags=["access"])
BY_KEY = "API key"
Name = Annotated[str, StringConstraints(max_length=64, pattern=r"^[^\u0000]*$")]


def _as_when(value: object) -> object:
    return ("at_once" if value else "off") if isinstance(value, bool) else value


Chosen = Annotated[When, BeforeValidator(_as_when)]


class ChooseMails(Body):
    """What shall change; what is left out stays."""

    language: Name | None = Field(default=None, description="`en`, `de`; empty for the organisation's.")
    timezone: Name | None = Field(default=None, description="Such as `Europe/Berlin`; empty for the organisation's.")
    kinds: dict[Code, Chosen] = Field(
        default_factory=dict,
        max_length=50,
        description="By `kind`, when such mails come: `at_once`, in the daily `digest`, or not at all: `off`. `true` "
        "is at once, `false` is off.",
    )
    digest_hour: int | None = Field(
        default=None, ge=0, le=23, description="The hour at which the digest comes, on the caller's clock."
    )


class MailKindView(Shape):
    """A kind of mails that the caller can get, and may turn off."""

    kind: str
    words: str
    wanted: bool
    when: When = Field(description="`at_once`, in the daily `digest`, or `off`.")
    scopes: list[str] = Field(description="A key needs one of them to choose about this kind.")


class MailsView(Shape):
    """What the caller has chosen. Mails about one's own account are of no kind and always come."""

    language: str = Field(description="Empty: the organisation's.")
    timezone: str = Field(description="Empty: the organisation's.")
    digest_hour: int = Field(description="The hour at which the digest comes, in that zone.")
    kinds: list[MailKindView]


@router.get("/me/mails", responses=problems(*READ))
def read_my_mails(caller: Oneself) -> MailsView:
    """Which mails the caller gets, in which language and time zone. Any key of a person's may look."""
    with caller.reading() as conn:
        return _view(conn, caller)


@router.patch("/me/mails", response_model=MailsView, responses=problems(*WRITE))
def choose_my_mails(request: Request, caller: Oneself, body: ChooseMails, once: Once = None) -> Response:
    """Choose which mails the caller gets. A key chooses about the kinds it has a scope of; the audit trail keeps it."""

    def act(conn: Connection[Any]) -> MailsView:
        _may_choose(conn, caller, body)
        choose_mails(
            conn,
            caller.ctx,
            language=body.language,
            timezone=body.timezone,
            off=[kind for kind, when in body.kinds.items() if when == "off"],
            digest=[kind for kind, when in body.kinds.items() if when == "digest"],
            hour=body.digest_hour,
            among=body.kinds,
            by=BY_KEY,
        )
        return _view(conn, caller)

    return write_once(request, caller, once, body, act)


def _own(conn: Connection[Any], caller: Caller) -> tuple[Kind, ...]:
    """What the person can get, by all that they may do: the key at hand may be for less of it."""
    return kinds_of(load_principal(conn, caller.ctx.principal.id, caller.ctx.now))


def _may_choose(conn: Connection[Any], caller: Caller, body: ChooseMails) -> None:
    """Raise `Invalid` for a kind that is none of the caller's, `Forbidden` for one that the key has no scope for."""
    mine = [kind.code for kind in _own(conn, caller)] if body.kinds else []
    for code in body.kinds:
        if code not in mine:
            raise invalid(f"kinds.{code}", code, "is no kind of mail that you can turn off", f"Use {', '.join(mine)}.")
        needs = KINDS[code].needs
        if needs.isdisjoint(caller.ctx.principal.permissions):
            raise Forbidden(f"choosing about mails of the kind {code} takes the scope {' or '.join(sorted(needs))}")


def _view(conn: Connection[Any], caller: Caller) -> MailsView:
    me = caller.ctx.principal
    found = choices_of(conn, [me.id]).get(me.id, NO_CHOICE)
    kinds = [
        MailKindView(
            kind=k.code,
            words=str(k.label),
            wanted=found.wants(k.code),
            when=found.when(k.code),
            scopes=sorted(k.needs),
        )
        for k in _own(conn, caller)
    ]
    return MailsView(language=found.language, timezone=found.timezone, digest_hour=found.digest_hour, kinds=kinds)
