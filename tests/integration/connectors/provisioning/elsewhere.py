"""A SCIM server of somebody else's, written without the library that we use, with the manners that real ones have."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
TOKEN = "tok-3f9c1d7a55e84b02"


@dataclass(slots=True)
class Elsewhere:
    """What it can and how it behaves. `trip` answers chosen requests otherwise: (method, path part) → status, headers;
    each once, in turn. `meanwhile` is what others do just before a request of a
    method. `drops` are attributes that it takes and forgets."""

    url: str = ""
    patch: bool = True
    filter: bool = True
    etag: bool = True
    groups: bool = True
    described: bool = True
    page: int = 100
    claims: int = 0
    lowers: bool = False
    stuck: bool = False
    drops: frozenset[str] = frozenset()
    poison: frozenset[str] = frozenset()
    store: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {"Users": {}, "Groups": {}})
    trip: list[tuple[str, str, int, dict[str, str]]] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    meanwhile: list[tuple[str, Callable[[], object]]] = field(default_factory=list)
    made: int = 0
    answer_detail: str = "not now"
    lock: threading.RLock = field(default_factory=threading.RLock)

    def add(self, user_name: str, **attributes: Any) -> str:
        """An account that was there before."""
        body = {"schemas": [USER], "userName": user_name, "active": True, **attributes}
        return str(self._keep("Users", body)["id"])

    def add_group(self, name: str, *members: str) -> str:
        """A group that was there before."""
        return str(
            self._keep("Groups", {"schemas": [GROUP], "displayName": name, "members": [{"value": m} for m in members]})[
                "id"
            ]
        )

    def user(self, user_name: str) -> dict[str, Any]:
        """The account of this name, whatever its capitals."""
        return next(u for u in self.store["Users"].values() if u["userName"].casefold() == user_name.casefold())

    def group(self, name: str) -> dict[str, Any]:
        """The group of this name."""
        return next(g for g in self.store["Groups"].values() if g["displayName"] == name)

    def members(self, name: str) -> set[str]:
        """The names of the accounts in a group."""
        users = self.store["Users"]
        return {
            users[m["value"]]["userName"] if m["value"] in users else m["value"]
            for m in self.group(name).get("members", [])
        }

    def methods(self, *only: str) -> list[str]:
        """What was asked, as method and path."""
        return [f"{m} {p.split('?')[0]}" for m, p, _, _ in self.asked if not only or m in only]

    # --- the protocol ---

    def answer(self, method: str, path: str, headers: dict[str, str], body: Any) -> tuple[int, dict[str, str], Any]:
        with self.lock:
            self.asked.append((method, path, headers, body))
            if headers.get("authorization") != f"Bearer {TOKEN}":
                return _error(401, "who are you")
            for place, (verb, part, status, more) in enumerate(self.trip):
                if verb == method and part in unquote(path):
                    del self.trip[place]
                    return status, more, _error(status, self.answer_detail)[2]
            for place, (verb, act) in enumerate(self.meanwhile):
                if verb == method:
                    del self.meanwhile[place]
                    act()
                    break
            parts = urlsplit(path)
            return self._routed(method, parts.path.removeprefix("/scim"), parse_qs(parts.query), headers, body)

    def _routed(self, method: str, path: str, query: dict[str, list[str]], headers: dict[str, str], body: Any) -> Any:
        if path in ("/ServiceProviderConfig", "/ResourceTypes", "/Schemas"):
            return self._described(path)
        match = re.fullmatch(r"/(Users|Groups)(?:/([^/]+))?", path)
        if match is None or (match[1] == "Groups" and not self.groups):
            return _error(404, "nothing here")
        kind, id = match[1], unquote(match[2] or "")
        if method == "GET" and not id:
            return self._list(kind, query)
        if method == "POST":
            return self._create(kind, body)
        found = self.store[kind].get(id)
        if found is None:
            return _error(404, "no such record")
        if method == "GET":
            return 200, self._tag(found), found
        if self.etag and headers.get("if-match") not in (None, found["meta"]["version"]):
            return _error(412, "it has changed")
        if method == "DELETE":
            if not self.stuck:
                del self.store[kind][id]
            return 204, {}, None
        if method == "PATCH" and not self.patch:
            return _error(501, "no PATCH here")
        return self._write(kind, found, method, body)

    def _described(self, path: str) -> Any:
        if not self.described:
            return 404, {"content-type": "text/html"}, "<h1>not found</h1>"
        if path == "/ServiceProviderConfig":
            able = {
                "patch": self.patch,
                "filter": self.filter,
                "etag": self.etag,
                "bulk": False,
                "sort": False,
                "changePassword": False,
            }
            config: dict[str, Any] = {name: {"supported": value} for name, value in able.items()}
            config["filter"]["maxResults"] = self.page
            config["bulk"] |= {"maxOperations": 0, "maxPayloadSize": 0}
            schema = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
            return 200, {}, {"schemas": [schema], "authenticationSchemes": [], "vendorSays": "hello", **config}
        names = [("User", "/Users", USER)] + ([("Group", "/Groups", GROUP)] if self.groups else [])
        shown = [{"id": n, "name": n, "endpoint": e, "schema": s} for n, e, s in names]
        return 200, {}, {"totalResults": len(shown), "Resources": shown if path == "/ResourceTypes" else []}

    def _list(self, kind: str, query: dict[str, list[str]]) -> Any:
        found = list(self.store[kind].values())
        wanted = query.get("filter", [""])[0]
        if wanted:
            if not self.filter:
                return _error(400, "no filters here")
            asked = re.fullmatch(r'([\w.]+) eq "(.*)"', wanted)
            assert asked is not None
            name, value = asked.groups()
            found = [each for each in found if value.casefold() in [v.casefold() for v in _values(each, name)]]
        start = max(1, int(query.get("startIndex", ["1"])[0]))
        count = min(int(query.get("count", ["100"])[0]), self.page)
        total = (kind == "Users" and not wanted and self.claims) or len(found)
        return (
            200,
            {},
            {
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
                "totalResults": total,
                "Resources": found[start - 1 : start - 1 + count],
            },
        )

    def _create(self, kind: str, body: Any) -> Any:
        if body.get("userName", "").casefold() in self.poison:
            return _error(400, "this name offends us", "invalidValue")
        key = "userName" if kind == "Users" else "displayName"
        if any(each[key].casefold() == body[key].casefold() for each in self.store[kind].values()):
            return _error(409, "taken", "uniqueness")
        made = self._keep(kind, body)
        return 201, self._tag(made), made

    def _keep(self, kind: str, body: Any) -> dict[str, Any]:
        self.made += 1
        made = {
            **{k: v for k, v in body.items() if k not in self.drops},
            "id": f"{kind[0].lower()}/{self.made}",
            "meta": {"version": 'W/"1"', "resourceType": kind[:-1]},
        }
        if self.lowers and kind == "Users":
            made["userName"] = made["userName"].lower()
        self.store[kind][made["id"]] = made
        return made

    def _write(self, kind: str, old: dict[str, Any], method: str, body: Any) -> Any:
        if method == "PUT":
            new = {**body, "id": old["id"], "meta": dict(old["meta"])}
        else:
            new = json.loads(json.dumps(old))
            for operation in body["Operations"]:
                _patch(new, operation)
        for name in self.drops:
            new.pop(name, None)
        if self.stuck and kind == "Users":
            new["active"] = old.get("active", True)
        new["meta"]["version"] = f'W/"{int(old["meta"]["version"][3:-1]) + 1}"'
        self.store[kind][old["id"]] = new
        return 200, self._tag(new), new

    def _tag(self, record: dict[str, Any]) -> dict[str, str]:
        return {"etag": record["meta"]["version"]} if self.etag else {}


def _patch(record: dict[str, Any], operation: dict[str, Any]) -> None:
    path, value = operation["path"], operation.get("value")
    gone = re.fullmatch(r'members\[value eq "(.*)"\]', path)
    if gone:
        record["members"] = [m for m in record.get("members", []) if m["value"] != gone[1]]
    elif operation["op"] == "add" and path == "members":
        record["members"] = record.get("members", []) + list(value or ())
    elif "." in path:
        first, second = path.split(".")
        record.setdefault(first, {})[second] = value
    else:
        record[path] = value


def _values(record: dict[str, Any], name: str) -> list[str]:
    first, _, second = name.partition(".")
    found = record.get(first)
    if isinstance(found, list):
        return [str(each.get(second or "value", "")) for each in found]
    return [str(found)] if found is not None else []


def _error(status: int, detail: str, kind: str = "") -> tuple[int, dict[str, str], Any]:
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": str(status), "detail": detail}
    return status, {}, {**body, **({"scimType": kind} if kind else {})}


@contextmanager
def elsewhere() -> Iterator[Elsewhere]:
    """The server, on this machine, under /scim."""
    made = Elsewhere()

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, more, said = made.answer(self.command, self.path, headers, body)
            raw = b"" if said is None else said.encode() if isinstance(said, str) else json.dumps(said).encode()
            self.send_response(status)
            for name, value in {"content-type": "application/scim+json; charset=utf-8", **more}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _do  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}/scim"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
