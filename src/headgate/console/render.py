"""From a view to HTML. A view is rendered whole, or only the part that HTMX asked to replace."""

from __future__ import annotations

from gettext import NullTranslations
from pathlib import Path
from types import MappingProxyType

from headgate.console import urls
from headgate.console.views.common import Page, View
from headgate.ui import languages
from headgate.ui.assets import Assets
from headgate.ui.templates import environment

TEMPLATES = Path(__file__).parent / "templates"

# The groups of the keyboard help: what a key does and the keys.
KEYS = MappingProxyType(
    {
        "Lists": (
            ("Next row", "j"),
            ("Previous row", "k"),
            ("Open the row", "Enter"),
            ("Peek without leaving the list", "p"),
            ("Pick the row", "x"),
            ("Load more", "m"),
        ),
        "My work": (
            ("Take or wake the task", "e"),
            ("Give it back", "u"),
            ("Hand it over", "a"),
            ("Snooze it", "s"),
            ("Undo what was just done", "z"),
        ),
        "Anywhere": (
            ("Commands and search", "Ctrl K"),
            ("Search", "/"),
            ("Close a drawer or dialog", "Esc"),
            ("This help", "?"),
        ),
    }
)


class Console:
    """Renders views. Built once, at start; safe to share between threads."""

    def __init__(self, assets: Assets, translations: NullTranslations | None = None, *, watch: bool = False) -> None:
        self._words = {code: translations or languages.translations(code) for code in languages.LANGUAGES}
        self._environments = {
            code: environment(
                TEMPLATES, assets, names={"urls": urls, "keyboard_keys": KEYS}, translations=words, watch=watch
            )
            for code, words in self._words.items()
        }

    def render(self, page: Page, view: View, target: str = "") -> str:
        """The view as a whole page, or, when `target` (the `HX-Target` header) names one of its parts, that part."""
        part = target if target in view.parts else ""
        template = view.parts[part] if part else view.template
        language = languages.language_of(page.reading.locale)
        formatter = page.reading.formatter(page.now, page.words, self._words[language])
        found = self._environments[language].get_template(template)
        return found.render(page=page, view=view, part=part, fmt=formatter, theme=page.theme)
