"""Every address of the console, in one place; templates and routes both use it."""

from __future__ import annotations

from uuid import UUID

from headgate.console import url_rules
from headgate.console.url_parts import code_of as code_of
from headgate.console.url_parts import query as query
from headgate.console.url_parts import segment as segment
from headgate.console.url_rules import *  # noqa: F403 -- addresses are one set of names to whoever links
from headgate.identity.where import Where

WHERE = Where("")  # of the pages that edges share
HOME = "/"
SIGN_IN = "/sign-in"
SIGN_OUT = "/sign-out"
ACCOUNT = "/account"
THEME = "/settings/theme"
LANGUAGE = "/settings/language"
SEARCH = "/search"
KEYBOARD = "/help/keyboard"
STYLEGUIDE = "/styleguide"
PALETTE = "/palette"
LIVE_NEWS = "/live/news"
LIVE_NAV = "/live/navigation"
BRAND_CSS = "/brand.css"
LOGO = "/logo"
BRAND = "/settings/brand"
BRAND_PREVIEW_CSS = "/settings/brand/preview.css"
BRAND_RESTORE = "/settings/brand/restore"
DOMAINS = "/settings/domains"
DOMAINS_CHECK = "/settings/domains/check"
DOMAINS_REMOVE = "/settings/domains/remove"
WORK = "/work"
WORK_ACT = "/tasks/act"
ORDERS = "/orders"
ORDERS_CSV = "/orders.csv"
CASES = "/cases"
APPROVALS = "/approvals"
APPROVALS_CHECK = "/approvals/check"
APPROVALS_DECIDE = "/approvals/decide"
HELD = "/held-decisions"
APPROVALS_PREVIEW = "/approvals/preview"
DELEGATIONS = "/delegations"
MESSAGES = "/messages"
DEALS = "/deals"
RETURNS = "/returns"
PARTNERS = "/partners"
AUDIT = "/audit"
AUDIT_VERIFY = "/audit/verify"
QUARANTINE = "/quarantine"
OPERATIONS = "/operations"
CONNECTIONS = "/connections"
DELIVERIES = "/connections/messages"
PROVISIONING = "/connections/provisioning"
SIGN_IN_BRAND_CSS = "/sign-in/brand.css"
SIGN_IN_LOGO = "/sign-in/logo"
SIGN_IN_WITH = "/sign-in/with"
SIGN_IN_BACK = "/sign-in/back"
SIGN_ON = "/identity/sign-on"
SIGN_ON_PROVIDERS = "/identity/sign-on/providers"
SIGN_ON_GROUPS = "/identity/sign-on/groups"
SIGN_ON_RULES = "/identity/sign-on/rules"
SECURITY = "/identity/security"
SUPPORT = "/identity/support"
FROM_MAIL = "/from-mail"
SUPPORT_LINK = "/support"
MACHINES = "/identity/machines"
MACHINES_SERVICES = "/identity/machines/services"
MACHINES_SERVICE = "/identity/machines/service"
MACHINES_CLIENTS = "/identity/machines/clients"
MACHINES_KEYS = "/identity/machines/keys"
PEOPLE = "/people"
DUTIES = "/duties"
DUTY_MITIGATIONS = "/duties/mitigations"
ROLES = "/roles"
NEW_ROLE = "/new-role"
ROLE_EFFECT = "/new-role/effect"
ACCESS_REVIEWS = "/access-reviews"
TENANTS = "/clients"
USAGE = "/use"
EXPORTS = "/exports"
GUESTS = "/provider-access"
PACKS = "/packs"
INHERITANCE = "/inheritance"
OFFERS = "/inheritance/offers"
# Every other address.
ANYWHERE = "/{path:path}"


def from_mail(token: str) -> str:
    """The link of a mail to somebody who has to decide; what `connectors.mail.asking` writes."""
    return f"{FROM_MAIL}/{segment(token)}"


def provisioning_target(target: UUID | str) -> str:
    return f"{PROVISIONING}/{segment(str(target))}"


def provisioning_run(run: UUID | str) -> str:
    return f"{PROVISIONING}/runs/{segment(str(run))}"


def export(found: UUID | str) -> str:
    return f"{EXPORTS}/{found}"


def export_act(found: UUID | str, act: str) -> str:
    return f"{export(found)}/{segment(act)}"


def sign_in_with(provider: str, tenant: str = "", then: str = "") -> str:
    return query(f"{SIGN_IN_WITH}/{segment(provider)}", [("tenant", tenant), ("then", "" if then == HOME else then)])


def sign_in_test(provider: str) -> str:
    return query(f"{SIGN_IN_WITH}/{segment(provider)}", [("test", "1")])


def sign_on_provider(provider: str) -> str:
    return f"{SIGN_ON_PROVIDERS}/{segment(provider)}"


def tenant(slug: str) -> str:
    return f"{TENANTS}/{segment(slug)}"


def tenant_act(slug: str, act: str) -> str:
    return f"{tenant(slug)}/{act}"


def tenant_guest_end(slug: str, guest: str) -> str:
    return f"{tenant(slug)}/guests/{guest}/end"


def inherited_follow(kind: str, name: str) -> str:
    return f"{INHERITANCE}/{segment(kind)}/{segment(name)}/follow"


def offer_withdraw(offer: UUID | str) -> str:
    return f"{OFFERS}/{offer}/withdraw"


def guest_act(guest: str, act: str) -> str:
    return f"{GUESTS}/{guest}/{act}"


def support_consent(consent: UUID | str) -> str:
    return f"{SUPPORT}/{consent}/withdraw"


def machine_client(client: str) -> str:
    return f"{MACHINES_CLIENTS}/{segment(client)}"


def machine_key(key: str) -> str:
    return f"{MACHINES_KEYS}/{segment(key)}"


def order(order_no: str) -> str:
    return f"{ORDERS}/{segment(order_no)}"


def order_peek(order_no: str) -> str:
    return f"{order(order_no)}/peek"


def explain_price(order_no: str, line: object) -> str:
    return f"{order(order_no)}/lines/{segment(line)}/price"


def explain_margin(order_no: str, line: object) -> str:
    return f"{order(order_no)}/lines/{segment(line)}/margin"


def explain_check(order_no: str, check: str) -> str:
    return f"{order(order_no)}/checks/{segment(check)}"


def explain_credit(order_no: str) -> str:
    return f"{order(order_no)}/credit"


def explain_tax(order_no: str) -> str:
    return f"{order(order_no)}/tax"


def explain_stock(order_no: str, line: object) -> str:
    return f"{order(order_no)}/lines/{segment(line)}/stock"


def subject(kind: str, code: str, case_id: UUID | str) -> str:
    """The page of what a case is about; the case itself where that has no page of its own."""
    own = {"order": order, "deal": deal, "rma": rma, "policy_change": url_rules.policy_change}.get(kind)
    return own(code) if own is not None else case(case_id)


def case(case_id: UUID | str) -> str:
    return f"{CASES}/{case_id}"


def case_note(case_id: UUID | str) -> str:
    return f"{case(case_id)}/notes"


def case_message(case_id: UUID | str) -> str:
    return f"{case(case_id)}/messages"


def case_answered(case_id: UUID | str) -> str:
    return f"{case(case_id)}/answered"


def case_file(case_id: UUID | str, file: UUID | str) -> str:
    return f"{case(case_id)}/files/{file}"


def step_in(case_id: UUID | str, kind: str = "", at: str = "") -> str:
    """Before stepping into a case; without a kind, the form's own address."""
    return query(f"{case(case_id)}/step-in", [("kind", kind), ("at", at)])


def intervention_act(intervention: UUID | str, act: str) -> str:
    return f"/interventions/{intervention}/{segment(act)}"


def messages_read(case_id: UUID | str) -> str:
    return f"{MESSAGES}/{case_id}/read"


def rma(code: object) -> str:
    return f"{RETURNS}/{segment(code)}"


def rma_act(code: object, act: str) -> str:
    return f"{rma(code)}/{act}"


def deal_file(code: object, file: UUID | str) -> str:
    return f"{deal(code)}/files/{file}"


def approval(approval_id: UUID | str) -> str:
    return f"{APPROVALS}/{approval_id}"


def approval_edit(approval_id: UUID | str) -> str:
    return f"{approval(approval_id)}?edit=1"


def approval_decision(approval_id: UUID | str) -> str:
    return f"{approval(approval_id)}/decision"


def approval_held(approval_id: UUID | str, found: UUID | str) -> str:
    """The page of an approval after a decision of the reader's that can be undone."""
    return query(approval(approval_id), [("held", str(found))])


def held(found: UUID | str) -> str:
    return f"{HELD}/{found}"


def held_act(found: UUID | str, act: str) -> str:
    return f"{held(found)}/{segment(act)}"


def approval_path(approval_id: UUID | str) -> str:
    return f"{approval(approval_id)}/path"


def approval_preview(policy: str = "") -> str:
    return query(APPROVALS_PREVIEW, [("policy", policy)])


def delegation_revoke(delegation: UUID | str) -> str:
    return f"{DELEGATIONS}/{delegation}/revoke"


def work_act(act: str, task: UUID | str, scope: str = "") -> str:
    """Where an act on a task is looked at before it is done."""
    return query(WORK_ACT, [("act", act), ("task", str(task)), ("scope", "" if scope == "mine" else scope)])


def work_all(scope: str) -> str:
    """A list of the queue with its first tasks chosen, as many as can be handled at once."""
    return query(WORK, [("scope", "" if scope == "mine" else scope), ("all", "1")])


def deal(code: object) -> str:
    return f"{DEALS}/{segment(code)}"


def partner(code: str) -> str:
    return f"{PARTNERS}/{segment(code)}"


def partner_credit(code: str) -> str:
    return f"{partner(code)}/credit"


def partner_orders(code: str) -> str:
    return query(ORDERS, [("partner", code)])


def cases_in(process: str, stage: str) -> str:
    """The cases of a process that are in a stage."""
    return f"{CASES}?process={segment(process)}&stage={segment(stage)}"


def audit_entry(seq: int) -> str:
    return f"{AUDIT}/{seq}"


def audit_of(subject_type: str, subject: str) -> str:
    return query(AUDIT, [("subject_type", subject_type), ("subject", subject)])


def quarantine_item(item: UUID | str) -> str:
    return f"{QUARANTINE}/{item}"


def quarantine_replay(item: UUID | str) -> str:
    return f"{quarantine_item(item)}/replay"


def quarantine_dismiss(item: UUID | str) -> str:
    return f"{quarantine_item(item)}/dismiss"


def delivery(delivery_id: UUID | str) -> str:
    return f"{DELIVERIES}/{delivery_id}"


def delivery_act(delivery_id: UUID | str, act: str) -> str:
    return f"{delivery(delivery_id)}/{segment(act)}"


def person(principal: str) -> str:
    return f"{PEOPLE}/{segment(principal)}"


def person_grant(principal: str) -> str:
    return f"{person(principal)}/grant"


def person_revoke(principal: str) -> str:
    return f"{person(principal)}/revoke"


def role(name: str) -> str:
    return f"{ROLES}/{segment(name)}"


def role_act(name: str, act: str) -> str:
    return f"{role(name)}/{act}"


def access_review(review: UUID | str) -> str:
    return f"{ACCESS_REVIEWS}/{review}"


def access_review_act(review: UUID | str, act: str) -> str:
    return f"{access_review(review)}/{act}"


def mitigation_act(mitigation: UUID | str, act: str) -> str:
    return f"{DUTY_MITIGATIONS}/{mitigation}/{act}"


def duties_decide(version: int | str) -> str:
    return f"{DUTIES}/{version}/decision"
