"""From a view to HTML."""

from __future__ import annotations

from gettext import NullTranslations
from pathlib import Path

from headgate.portal import urls
from headgate.portal.views import Page, View
from headgate.ui import languages
from headgate.ui.assets import Assets
from headgate.ui.templates import environment

TEMPLATES = Path(__file__).parent / "templates"


class Portal:
    """Renders views. Built once, at start; safe to share between threads."""

    def __init__(self, assets: Assets, translations: NullTranslations | None = None) -> None:
        self._words = {code: translations or languages.translations(code) for code in languages.LANGUAGES}
        self._environments = {
            code: environment(TEMPLATES, assets, names={"urls": urls}, translations=words)
            for code, words in self._words.items()
        }

    def render(self, page: Page, view: View) -> str:
        """The view as a whole page."""
        language = languages.language_of(page.reading.locale)
        formatter = page.reading.formatter(page.now, page.words, self._words[language])
        found = self._environments[language].get_template(view.template)
        return found.render(page=page, view=view, fmt=formatter, theme=page.theme)
