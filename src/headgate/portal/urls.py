"""Every address of the portal, in one place; templates and routes both use it. A code is one path segment by the
escapes of RFC 6901, as in the console."""

from __future__ import annotations

from urllib.parse import quote, urlencode
from uuid import UUID

from headgate.identity.where import Where

ROOT = "/portal"
WHERE = Where(ROOT)  # of the pages that edges share
HOME = "/portal/"
SIGN_IN = "/portal/sign-in"
SIGN_OUT = "/portal/sign-out"
ACCOUNT = "/portal/account"
WELCOME = "/portal/welcome"
THEME = "/portal/theme"
BRAND_CSS = "/portal/brand.css"
LOGO = "/portal/logo"
DEALS = "/portal/deals"
DEAL_NEW = "/portal/deals/new"
ORDERS = "/portal/orders"
PRICES = "/portal/prices"
PRICE_NEW = "/portal/prices/new"
RETURNS = "/portal/returns"
RETURN_NEW = "/portal/returns/new"
COMPANY = "/portal/company"
COMPANY_ADD = "/portal/company/people"
EXPORT = "/portal/export"
EXPORT_ZIP = "/portal/export.zip"
MORE = "/portal/more"
LIVE_NEWS = "/portal/live/news"
ANYWHERE = "/portal/{path:path}"


def segment(code: object) -> str:
    """A code as one path segment."""
    return quote(str(code).replace("~", "~0").replace("/", "~1"), safe="~")


def code_of(segment: str) -> str:
    """The code a (percent-decoded) path segment stands for; the opposite of `segment`."""
    return segment.replace("~1", "/").replace("~0", "~")


def query(path: str, **parameters: str) -> str:
    """The path with the parameters that are not empty."""
    kept = {name: value for name, value in parameters.items() if value}
    return f"{path}?{urlencode(kept)}" if kept else path


def welcome(token: str) -> str:
    return f"{WELCOME}/{quote(token, safe='')}"


def deal(code: object) -> str:
    return f"{DEALS}/{segment(code)}"


def deal_form(code: object) -> str:
    return f"{deal(code)}/form"


def deal_act(code: object, act: str) -> str:
    return f"{deal(code)}/{act}"


def deal_file(code: object, file: UUID | str) -> str:
    return f"{deal(code)}/files/{file}"


def deal_file_drop(code: object, file: UUID | str) -> str:
    return f"{deal_file(code, file)}/remove"


def order(code: object) -> str:
    return f"{ORDERS}/{segment(code)}"


def price(code: object) -> str:
    return f"{PRICES}/{segment(code)}"


def price_form(code: object) -> str:
    return f"{price(code)}/form"


def price_act(code: object, act: str) -> str:
    return f"{price(code)}/{act}"


def price_file(code: object, file: UUID | str) -> str:
    return f"{price(code)}/files/{file}"


def price_file_drop(code: object, file: UUID | str) -> str:
    return f"{price_file(code, file)}/remove"


def rma(code: object) -> str:
    return f"{RETURNS}/{segment(code)}"


def return_form(code: object) -> str:
    return f"{rma(code)}/form"


def return_act(code: object, act: str) -> str:
    return f"{rma(code)}/{act}"


def return_file(code: object, file: UUID | str) -> str:
    return f"{rma(code)}/files/{file}"


def messages(kind: str, code: object) -> str:
    return f"/portal/messages/{kind}/{segment(code)}"


def person_act(principal: str, act: str) -> str:
    return f"{COMPANY_ADD}/{segment(principal)}/{act}"


def subject(kind: str, code: object) -> str:
    """The page of what a message is about."""
    return {"deal": deal, "order": order, "price_exception": price, "rma": rma}[kind](code)
