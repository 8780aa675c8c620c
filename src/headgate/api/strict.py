"""JSON bodies read as strictly as events are: I-JSON, exact numbers, bounded depth, and the right content type."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from headgate.api.errors import RequestRefused, malformed
from headgate.kernel.errors import Invalid
from headgate.ledger import parse_json

_JSON = re.compile(r"application/([\w.+-]+\+)?json", re.IGNORECASE)


class StrictRequest(Request):
    """A request whose JSON has non-integers as `Decimal`, and nothing in it that readers would take differently."""

    async def json(self) -> Any:
        try:
            return parse_json("body", await self.body())
        except Invalid as error:
            raise malformed(error) from None


class StrictRoute(APIRoute):
    """A route whose body, if it takes one, is read by `StrictRequest`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()
        takes_json = self.body_field is not None

        async def strict(request: Request) -> Response:
            checked = StrictRequest(request.scope, request.receive)
            if takes_json and not _JSON.fullmatch(media_type(request)) and await checked.body():
                raise RequestRefused("unsupported_media_type", "send the body as application/json")
            return await handler(checked)

        return strict


def media_type(request: Request) -> str:
    """The content type without its parameters."""
    return request.headers.get("content-type", "").split(";")[0].strip().lower()
