"""What a browser loads for a page."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, Response

# A first visit to any page, with nothing cached.
FIRST_LOAD_BYTES = 500_000


def keep_in(answers: list[Response]) -> Callable[[Response], None]:
    """A listener that keeps what the browser was answered. Playwright marks listeners; a builtin takes no mark."""

    def keep(answer: Response) -> None:
        answers.append(answer)

    return keep


def weigh(page: Page, address: str) -> int:
    """The bytes of a visit to an address. A stream of news never ends, and so has no size. Fails when something comes
    from another host."""
    answers: list[Response] = []
    page.on("response", keep_in(answers))
    page.goto(address, wait_until="load")
    page.evaluate("document.fonts.ready.then(() => true)")
    assert len({each.url.split("/")[2] for each in answers}) == 1, "nothing comes from another host"
    sizes = [each.request.sizes() for each in answers if "/live/" not in each.url]
    return sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)
