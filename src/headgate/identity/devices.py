"""A browser in words, from what it says of itself. Only to recognise one's own sessions by; nothing depends on it."""

from __future__ import annotations

from headgate.kernel.phrases import joined, phrase

# The first that fits; many browsers name others as well.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("FxiOS", "Firefox"),
    ("Firefox", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)
PROOFS = {
    "password": phrase("password"),
    "totp": phrase("code"),
    "recovery": phrase("recovery code"),
    "passkey": phrase("passkey"),
    "sign-on": phrase("identity provider"),
    "demo": phrase("demonstration"),
}


def device_of(user_agent: str) -> str:
    """For example 'Firefox on Windows'."""
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), "")
    if browser and system:
        return phrase("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or system or (user_agent[:60] if user_agent else phrase("Unknown browser"))


def proofs_in_words(proofs: tuple[str, ...]) -> str:
    """How somebody signed in, in words."""
    return joined(phrase(" and "), [PROOFS.get(proof, proof) for proof in proofs])
