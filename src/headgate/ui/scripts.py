"""What scripts say: phrases as in templates, found in their text, and brought by the page as a block of data.

A script says `_("…", { name: value })` and `_n("…", "…", count)` (`static/js/words.js`). A page in another language, or
with a tenant's own words, brings what is said instead; a page in plain English brings nothing. Data is no program, so
the strict policy for scripts lets it stand in the page.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache

from markupsafe import Markup

from headgate.ui.assets import PAGE_SCRIPTS, SCRIPTS, STATIC
from headgate.ui.format import Formatter

_CALL = re.compile(r'(?<![\w.])(_n?)\(\s*("(?:[^"\\\n]|\\.)*")(?:,\s*("(?:[^"\\\n]|\\.)*"))?')


@lru_cache(maxsize=16)
def script_phrases(name: str) -> tuple[tuple[str, str], ...]:
    """The phrases of a script as it is sent: each with its form for many, or ''."""
    folder, parts = ("js", SCRIPTS) if name == "app.js" else PAGE_SCRIPTS[name]
    text = "\n".join((STATIC / folder / f"{part}.js").read_text() for part in parts)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    found = ((json.loads(one), json.loads(many) if call == "_n" else "") for call, one, many in _CALL.findall(text))
    return tuple(dict.fromkeys(found))


def script_words(fmt: Formatter, name: str) -> Markup:
    """The block of data for a script in the reader's words; nothing where all of them are as they stand."""
    told: dict[str, str | list[str]] = {}
    for one, many in script_phrases(name):
        if many:
            forms = [fmt.count(one, many, 1), fmt.count(one, many, 2)]
            if forms != [one, many]:
                told[one] = forms
        elif (said := fmt.say(one)) != one:
            told[one] = said
    if not told:
        return Markup("")
    # As in HTML: what would end the block, or begin a comment, is written so that JSON reads it and HTML does not.
    data = re.sub("[<>&]", lambda sign: f"\\u{ord(sign[0]):04x}", json.dumps(told, ensure_ascii=False))
    return Markup(f'<script type="application/json" data-words="{name}">{data}</script>')  # noqa: S704
