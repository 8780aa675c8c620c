"""People of partners, too, learn of a sign-in with a browser that their account does not know."""

from __future__ import annotations

from headgate.connectors.mail.post import opened
from headgate.ledger import outbox_list
from tests.integration.portal.site import Portal, mail, words


def test_a_second_browser_is_told_with_the_way_to_ones_own_page(portal: Portal) -> None:
    portal.sign_in("pia")
    other = portal.another()
    assert other.sign_in("pia").status_code == 303
    app = portal.channel.app
    with app.database.transaction(portal.channel.tenant, read_only=True) as conn:
        found = [opened(app.envelope, command.payload)[0] for command in outbox_list(conn, target="mail")]
    [letter] = [each for each in found if "new browser" in each.subject]
    assert letter.to == mail("pia")
    path = "/" + letter.link.split("/", 3)[3]
    assert path == "/portal/account#sessions"
    page = words(portal.get("/portal/account"))
    assert page.count("browser known since") == 2
