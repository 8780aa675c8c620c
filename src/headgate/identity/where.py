"""The addresses of the shared pages: the same below each edge's root."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode
from uuid import UUID

from headgate.access.sessions import ENROL


@dataclass(frozen=True, slots=True)
class Where:
    """Addresses below `root` ('' for the console, '/portal' for the portal)."""

    root: str

    @property
    def sign_in(self) -> str:
        return f"{self.root}/sign-in"

    @property
    def second(self) -> str:
        return f"{self.sign_in}/second"

    @property
    def passkey_sign_in(self) -> str:
        return f"{self.sign_in}/passkey"

    @property
    def lost(self) -> str:
        return f"{self.sign_in}/lost"

    @property
    def account(self) -> str:
        return f"{self.root}/account"

    @property
    def confirm(self) -> str:
        return f"{self.account}/confirm"

    @property
    def confirm_passkey(self) -> str:
        return f"{self.confirm}/passkey"

    @property
    def password(self) -> str:
        return f"{self.account}/password"

    @property
    def app(self) -> str:
        return f"{self.account}/authenticator"

    @property
    def app_confirm(self) -> str:
        return f"{self.app}/confirm"

    @property
    def app_remove(self) -> str:
        return f"{self.app}/remove"

    @property
    def codes(self) -> str:
        return f"{self.account}/recovery-codes"

    @property
    def passkeys(self) -> str:
        return f"{self.account}/passkeys"

    @property
    def sessions_end(self) -> str:
        return f"{self.account}/sessions/end-others"

    @property
    def mails(self) -> str:
        return f"{self.account}/mails"

    @property
    def reading(self) -> str:
        return f"{self.account}/reading"

    @property
    def saved_views(self) -> str:
        return f"{self.root}/saved-views"

    def saved_views_of(self, list_: str, query: str = "") -> str:
        """The views of a list, and where one of its addresses can be kept."""
        return f"{self.saved_views}?{urlencode({'list': list_, **({'query': query} if query else {})})}"

    def saved_view(self, view: UUID | str) -> str:
        return f"{self.saved_views}/{view}"

    def saved_view_delete(self, view: UUID | str) -> str:
        return f"{self.saved_view(view)}/delete"

    def saved_view_filters(self, view: UUID | str) -> str:
        return f"{self.saved_view(view)}/filters"

    def saved_view_open(self, view: UUID | str) -> str:
        return f"{self.saved_view(view)}/open"

    def stop_mails(self, token: str) -> str:
        """The link below a mail; what `connectors.mail.post` writes."""
        return f"{self.root}/mails/{quote(token, safe='{}')}"

    def passkey_name(self, passkey: str) -> str:
        return f"{self.passkeys}/{quote(passkey, safe='{}')}/name"

    def passkey_remove(self, passkey: str) -> str:
        return f"{self.passkeys}/{quote(passkey, safe='{}')}/remove"

    def session_end(self, session: str) -> str:
        return f"{self.account}/sessions/{quote(session, safe='{}')}/end"

    def device_forget(self, device: str) -> str:
        return f"{self.account}/browsers/{quote(device, safe='{}')}/forget"

    def reset(self, token: str) -> str:
        return f"{self.sign_in}/reset/{quote(token, safe='{}')}"

    def to_confirm(self, then: str) -> str:
        """The page that asks for a proof, and where it leads afterwards."""
        return f"{self.confirm}?{urlencode({'then': then})}"

    def reaches(self, limited_to: str, path: str) -> bool:
        """Whether a session that is good for one thing only may go to an address."""
        common = path in (f"{self.root}/sign-out", f"{self.root}/settings/theme", f"{self.root}/theme")
        if not limited_to or common or path.endswith("/brand.css"):
            return True
        return limited_to == ENROL and (path == self.account or path.startswith(f"{self.account}/"))
