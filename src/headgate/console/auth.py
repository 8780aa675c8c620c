"""Cookies and tokens of the console: the session, what proves that a form is ours, and messages across a redirect."""

from __future__ import annotations

from headgate.console import urls
from headgate.ui.cookies import CSRF_FIELD, CSRF_HEADER, Cookies

__all__ = ["COOKIES", "CSRF_FIELD", "CSRF_HEADER"]

COOKIES = Cookies("headgate", b"headgate console form", urls.HOME, urls.SIGN_IN)

session_token = COOKIES.session_token
keep_session = COOKIES.keep_session
drop_session = COOKIES.drop_session
remembered_tenant = COOKIES.remembered_tenant
remember_tenant = COOKIES.remember_tenant
before_token = COOKIES.before_token
sent_before = COOKIES.sent_before
keep_before = COOKIES.keep_before
csrf_of = COOKIES.csrf_of
check_form = COOKIES.check_form
own_path = COOKIES.own_path
keep_notice = COOKIES.keep_notice
kept_notice = COOKIES.kept_notice
drop_notice = COOKIES.drop_notice
