"""One's own account, the question for a proof, and the steps of a sign-in."""

from __future__ import annotations

from headgate.access.mailing import KINDS, kinds_for
from headgate.access.mfa.passkeys import Offer, Passkey
from headgate.console.views.sign_in import AccountView, ConfirmView, StepView
from headgate.identity.qr import app_setup
from headgate.identity.views import (
    Account,
    ChooseStep,
    Confirm,
    DeviceRow,
    HowToRead,
    LostStep,
    MailBox,
    MailKind,
    OverStep,
    RegionChoice,
    SecondStep,
    SessionRow,
    StopStep,
)
from headgate.identity.where import Where
from headgate.ui.languages import LANGUAGES
from tests.unit.ui.samples.base import ago

WHERE = Where("")
OFFER = Offer('{"challenge": "AAAA", "rpId": "console.nordwind.example"}', "hg1.sealed")
SESSIONS = (
    SessionRow(
        "aa",
        "Firefox on Windows",
        "password and code",
        "192.0.2.17",
        ago(hours=2),
        ago(minutes=1),
        True,
        known=ago(days=40),
    ),
    SessionRow("bb", "Safari on iPhone", "passkey", "2001:db8:4:1::7", ago(days=1), ago(hours=5), False),
)
KEYS = (
    Passkey("a2V5LTE", "Work laptop", "console.nordwind.example", False, ago(days=80), ago(hours=3)),
    Passkey("a2V5LTI", "Phone", "console.nordwind.example", True, ago(days=2), None),
)
DEVICES = (
    DeviceRow("d1", "Firefox on Windows", ago(days=40), ago(hours=2), True),
    DeviceRow("d2", "Safari on iPhone", ago(days=12), ago(days=1), False),
)
MAILS = MailBox(
    tuple(
        MailKind(kind.code, kind.label, {"reminders": "off", "reviews": "digest"}.get(kind.code, "at_once"))
        for kind in kinds_for(None)
    ),
    "de",
    tuple(LANGUAGES.items()),
)
READING = HowToRead(
    "America/New_York",
    "Europe/Lisbon",
    "Europe/Berlin",
    ("UTC", "America/New_York", "Europe/Berlin"),
    "CH",
    (
        RegionChoice("CH", "Switzerland", "12’345.67 · 21 Nov 2025"),
        RegionChoice("GB", "United Kingdom", "12,345.67 · 21 Nov 2025"),
    ),
)
CODES = tuple(f"{n:04}-qrst-uvwx-yz23" for n in range(2222, 2232))


def account(**more: object) -> Account:
    values = {
        "where": WHERE,
        "email": "ana@nordwind.example",
        "has_password": True,
        "shortest": 12,
        "app_since": None,
        "setup": None,
        "passkeys": (),
        "offer": OFFER,
        "codes_left": 0,
        "codes_made_at": None,
        "sessions": SESSIONS[:1],
        "mails": MAILS,
        "reading": READING,
    }
    return Account(**{**values, **more})  # type: ignore[arg-type]


PLAIN = AccountView(account())
FULL = AccountView(
    account(
        app_since=ago(days=90),
        passkeys=KEYS,
        codes_left=8,
        codes_made_at=ago(days=90),
        sessions=SESSIONS,
        devices=DEVICES,
    )
)
SETUP = AccountView(
    account(
        setup=app_setup("otpauth://totp/Nordwind:ana?secret=JBSWY3DPEHPK3PXP&issuer=Nordwind", "JBSWY3DPEHPK3PXP"),
        errors=(("code", "The code does not fit. Type the six digits that the app shows now; check its clock."),),
        must_enrol=True,
    )
)
FRESH_CODES = AccountView(account(app_since=ago(seconds=1), codes_left=10, codes_made_at=ago(seconds=1), codes=CODES))
WRONG_PASSWORD = AccountView(account(errors=(("password", "That is not your password."),)))
CONFIRM = ConfirmView(Confirm(WHERE, "/account", app=False, codes=False, password=True, offer=None, kept=True))
CONFIRM_CODE = ConfirmView(
    Confirm(
        WHERE,
        "/account",
        app=True,
        codes=True,
        password=False,
        offer=OFFER,
        error="That code does not fit.",
        too_long=True,
    )
)
STEPS = {
    "second": StepView(SecondStep(WHERE, "/orders", app=True, offer=OFFER)),
    "second-wrong": StepView(SecondStep(WHERE, "/", app=True, offer=None, error="That code does not fit.")),
    "lost": StepView(LostStep(WHERE, ask_tenant=True)),
    "lost-sent": StepView(LostStep(WHERE, sent=True)),
    "choose": StepView(ChooseStep(WHERE, "t.x", "Ana Keller", "ana@nordwind.example", 12, "The two passwords differ.")),
    "stop": StepView(StopStep(WHERE, "t.x", KINDS["approvals"].label, on=True)),
    "stopped": StepView(StopStep(WHERE, "t.x", KINDS["approvals"].label, on=False, done=True)),
    "over": StepView(OverStep(WHERE, "This link is over", "It was used already, or its time is up.", "/approvals/1")),
}
