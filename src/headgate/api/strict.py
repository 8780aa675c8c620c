"""Requests read as strictly as events are: no unknown parameters, I-JSON, exact numbers, the right content type."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic_core import ErrorDetails

from headgate.api.errors import RequestRefused, unreadable
from headgate.kernel.errors import Invalid
from headgate.ledger import parse_json

_JSON = re.compile(r"application/([\w.+-]+\+)?json", re.IGNORECASE)


class StrictRequest(Request):
    """A request whose JSON has non-integers as `Decimal`, and nothing in it that readers would take differently."""

    async def json(self) -> Any:
        try:
            return parse_json("body", await self.body())
        except Invalid as error:
            raise unreadable(error) from None


class StrictRoute(APIRoute):
    """A route that refuses query parameters it does not know, and whose body, if it takes one, is strict JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()
        takes_json = self.body_field is not None
        known = {parameter.alias for parameter in self.dependant.query_params}

        async def strict(request: Request) -> Response:
            checked = StrictRequest(request.scope, request.receive)
            unknown = [name for name in request.query_params if name not in known]
            if unknown:
                raise RequestValidationError([_unknown(name, request.query_params[name]) for name in unknown])
            if takes_json and not _JSON.fullmatch(media_type(request)) and await checked.body():
                raise RequestRefused("unsupported_media_type", "send the body as application/json")
            return await handler(checked)

        return strict


class PlainRoute(StrictRoute):
    """A route whose endpoint is called with the request alone, where every microsecond counts: the parameters that it
    declares describe it, and those of the query and the headers are passed as they came, unchecked."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        queries = {parameter.name: parameter.alias for parameter in self.dependant.query_params}
        headers = {parameter.name: parameter.alias for parameter in self.dependant.header_params}
        known, endpoint = set(queries.values()), self.endpoint

        async def plain(request: Request) -> Response:
            query = request.query_params
            for name in query:
                if name not in known:
                    raise RequestValidationError([_unknown(name, query[name])])
            given = {name: query.get(alias, "") for name, alias in queries.items()}
            given |= {name: request.headers.get(alias, "") for name, alias in headers.items()}
            answer: Response = await endpoint(request, **given)
            return answer

        return plain


def _unknown(name: str, value: str) -> ErrorDetails:
    return {"type": "extra_forbidden", "loc": ("query", name), "msg": "is not a parameter", "input": value}


def media_type(request: Request) -> str:
    """The content type without its parameters."""
    return request.headers.get("content-type", "").split(";")[0].strip().lower()
