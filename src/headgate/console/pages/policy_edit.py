"""The editor of a draft: as a grid where scripts run, as a file where they do not. Both save through the same door."""

from __future__ import annotations

import base64
import binascii
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import asdict
from threading import Lock
from typing import Any

from starlette.responses import Response

from headgate.channel import orders
from headgate.console import urls
from headgate.console.pages.policies import COUNTED_DAYS, picked, versions_of
from headgate.console.present.evaluations import readable
from headgate.console.present.policies import problems_of
from headgate.console.views.common import Notice
from headgate.console.views.policies import PolicyEditView
from headgate.console.visit import Answer, Door, Go, Shown, Visit
from headgate.kernel.canonical import canonical, canonical_text, loads
from headgate.kernel.errors import Conflict, Invalid, Stale, invalid
from headgate.kernel.phrases import counted, figure, joined, phrase, sentence, worded
from headgate.policy import Checked, PolicyVersion, check_text, save
from headgate.policy.checking import check_document
from headgate.policy.core.document import read_document, write_document
from headgate.policy.core.editing import MOST_ROWS, from_grid, to_grid
from headgate.policy.core.evaluation import shown
from headgate.policy.exchange import read_table
from headgate.ui.recorded import recorded
from headgate.ui.web import problem_told

AUTHOR = ("policies.author",)
SAVED = "Saved."
Say = Callable[[str], str]
MOST_TOLD = 100
MOST_ISSUES = 400
# Characters of a policy that stand in its page; a longer one is asked for by the page's script.
MOST_IN_PAGE = 60_000


def show(visit: Visit) -> Answer:
    """The draft."""
    found = picked(visit, versions_of(visit))
    if found.status != "draft":
        return Go(
            urls.policy_version(found.policy, found.version), Notice("risk", phrase("Only a draft can be edited."))
        )
    return _view(visit, found, visit.app.policies.text(visit.conn, found.policy, found.version))


def save_text(visit: Visit) -> Answer:
    """Save the file as typed. What is wrong with it is said above it, and nothing typed is lost."""
    found = picked(visit, versions_of(visit))
    text, seen = visit.form.get("text", "").replace("\r\n", "\n"), visit.form.get("seen", "")
    try:
        saved, checked = save(visit.conn, visit.ctx, found.policy, found.version, text, seen=seen)
        checked = _within(visit, checked)
    except Stale as error:
        warning = phrase(
            "%(message)s Below is what you typed; saving it again puts it over theirs.", message=sentence(error.message)
        )
        return Shown(_view(visit, found, text, warning=warning), 409)
    except (Invalid, Conflict) as error:
        return Shown(_view(visit, found, text, error=sentence(error.message)), 422)
    said = (
        SAVED
        if not checked.errors
        else phrase("%(saved)s %(errors)s errors keep it from review.", saved=SAVED, errors=len(checked.errors))
    )
    return Go(urls.policy_edit(saved.policy, saved.version), Notice("done", said))


def save_grid(visit: Visit) -> Answer:
    """Save the grid."""

    def act() -> Response:
        found = picked(visit, versions_of(visit))
        document = _document_of(visit.form)
        text = write_document(document)
        saved, checked = save(visit.conn, visit.ctx, found.policy, found.version, text, seen=visit.form.get("seen", ""))
        _READ.keep(text, document)
        return _json({**_told(_within(visit, checked), text, visit.lens.fmt.tell), "digest": saved.digest})

    return _answered(visit, act)


def check_grid(visit: Visit) -> Answer:
    """What lints and examples say about the grid as it is now; nothing is kept."""

    def act() -> Response:
        return _json(_said(_within(visit, check_document(_document_of(visit.form))), visit.lens.fmt.tell))

    return _answered(visit, act)


def try_case(visit: Visit) -> Answer:
    """Which row of the grid decides on these facts, and why."""

    def act() -> Response:
        checked = check_document(_document_of(visit.form))
        if checked.compiled is None:
            raise Invalid("Mend the errors first: a cell cannot be understood.")
        facts = loads(visit.form.get("facts", "{}"))
        if not isinstance(facts, dict):
            raise invalid("facts", "", "is not a list of inputs and values", "Load the page again.")
        found = checked.compiled.evaluate(_typed(checked, facts))
        return _json(
            {
                "rows": list(found.rows),
                "outputs": {k: shown(v) for k, v in found.outputs.items() if k != "list"},
                "list": [{k: shown(v) for k, v in each.items()} for each in found.outputs.get("list", ())],
                "reasons": [visit.lens.fmt.tell(readable(reason, visit.lens)) for reason in found.reasons],
                "clauses": [visit.lens.fmt.tell(recorded(clause)) for clause in found.clauses],
            }
        )

    return _answered(visit, act)


def import_file(visit: Visit) -> Answer:
    """A spreadsheet or another policy file as the grid, to be looked at and saved; nothing is kept yet."""

    def act() -> Response:
        found = picked(visit, versions_of(visit))
        base = check_text(visit.app.policies.text(visit.conn, found.policy, found.version)).table
        try:
            data = base64.b64decode(visit.form.get("data", ""), validate=True)
        except binascii.Error:
            raise invalid("file", visit.form.get("name", ""), "did not arrive whole", "Choose it again.") from None
        read = read_table(data, visit.form.get("name", "")[:200], base)
        rows = len(read.policy.rows)
        if rows > MOST_ROWS:
            fix = phrase("Bring it in with headgate policies import.")
            raise invalid(
                "file",
                counted("%(count)s row", "%(count)s rows", rows, count=figure(rows)),
                phrase("has more than the %(most_rows)s rows that the grid holds", most_rows=figure(MOST_ROWS)),
                fix,
            )
        document = read_document(read.text)
        document["policy"], document["version"] = found.policy, found.version
        text = write_document(document)
        return _json(
            {
                **_told(_within(visit, check_text(text)), text, visit.lens.fmt.tell),
                "notices": [visit.lens.fmt.tell(each.told) for each in read.notices],
            }
        )

    return _answered(visit, act)


def _within(visit: Visit, checked: Checked) -> Checked:
    """With what would not fit together with the policies in force and the processes that read them."""
    return visit.app.policies.beside(visit.conn, visit.ctx.now, checked)


def load_grid(visit: Visit) -> Answer:
    """The grid of a table that is too long to stand in its page."""

    def act() -> Response:
        found = picked(visit, versions_of(visit))
        text = visit.app.policies.text(visit.conn, found.policy, found.version)
        told = _told(_within(visit, check_text(text)), text, visit.lens.fmt.tell)
        return _json({**told, "digest": found.digest, "coverage": _coverage(visit, found.policy)})

    return _answered(visit, act)


def _document_of(form: Mapping[str, str]) -> Mapping[str, Any]:
    """The file that the grid says, made over the one it was loaded from, as values."""
    document = _READ.read(form.get("text", ""))
    try:
        grid = loads(form.get("grid", "{}"))
    except ValueError:
        grid = None
    if not isinstance(grid, dict):
        raise invalid("grid", "", "is not a grid", "Load the page again.")
    return from_grid(document, grid)


class _Documents:
    """Files as values, to be looked at and not changed: each check of an editor sends the same one, and what was just
    written is what it sends next."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: OrderedDict[str, Mapping[str, Any]] = OrderedDict()
        self._lock = Lock()

    def read(self, text: str) -> Mapping[str, Any]:
        with self._lock:
            found = self._known.get(text)
        return found if found is not None else self.keep(text, read_document(text))

    def keep(self, text: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        with self._lock:
            self._known[text] = document
            self._known.move_to_end(text)
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        return document


_READ = _Documents(most=4)


def _told(checked: Checked, text: str, say: Say) -> dict[str, Any]:
    grid = to_grid(_READ.read(text))
    return {**_said(checked, say), "text": text, "grid": grid, "words": _words_of(grid, say)}


def _words_of(grid: Mapping[str, Any], say: Say) -> dict[str, str]:
    """Texts of the grid as the reader says them, where that is another text: a cell at rest shows it, and an open one
    what stands in the file."""
    labels = {each.get("label") for part in ("inputs", "outputs") for each in grid[part]}
    names = {each.get("name") for each in grid["tests"]} | {each.get("because") for each in grid["rows"]}
    clauses = {each.get("clause") for each in grid["rows"]}
    told = {text: say(worded(text)) for text in map(str, filter(None, labels | names))}
    told |= {text: say(recorded(text)) for text in map(str, filter(None, clauses))}
    return {text: said for text, said in told.items() if said != text}


def _said(checked: Checked, say: Say) -> dict[str, Any]:
    """What lints and examples say, in the reader's language; of very many remarks the errors before the others."""
    worst = sorted(checked.issues, key=lambda issue: issue.severity != "error")[:MOST_ISSUES]
    results = [
        {"name": say(r.name), "passed": r.passed, "problems": [say(p) for p in r.problems], "rows": r.rows}
        for r in checked.results
    ]
    return {
        "fit": not checked.errors,
        "errors": len(checked.errors),
        "issues": [{**asdict(i), "message": say(i.message), "fix": say(i.fix)} for i in worst],
        "more": len(checked.issues) - len(worst),
        "tests": results,
    }


def _typed(checked: Checked, facts: Mapping[str, Any]) -> dict[str, object]:
    """Facts as typed, read by the inputs' types: nothing typed is unknown, where that may be."""
    found: dict[str, object] = {}
    for column in checked.table.inputs:
        text = str(facts.get(column.name, "")).strip()
        if text in ("", "null") and column.nullable:
            found[column.name] = None
        elif column.type == "bool":
            found[column.name] = {"true": True, "false": False}.get(text, text)
        elif column.type == "list":
            found[column.name] = [part.strip() for part in text.split(",") if part.strip()]
        else:
            found[column.name] = text
    return found


def _answered(visit: Visit, act: Callable[[], Response]) -> Response:
    """What the grid's script is answered, errors too: 409 when somebody else saved, 422 for the rest."""
    try:
        return act()
    except Stale as error:
        found = picked(visit, versions_of(visit))
        theirs = visit.app.policies.text(visit.conn, found.policy, found.version)
        said = visit.lens.fmt.tell(sentence(error.message))
        return _json({"error": said, "digest": found.digest, "theirs": theirs}, 409)
    except (Invalid, Conflict) as error:
        say = visit.lens.fmt.tell
        problems = [say(problem_told(p, joined("", (p.field, ":")))) for p in error.problems[:50]]
        return _json({"error": say(sentence(error.message)), "problems": problems}, 422)


def _json(content: Mapping[str, Any], status: int = 200) -> Response:
    return Response(canonical(dict(content)), status, media_type="application/json")


def _view(visit: Visit, found: PolicyVersion, text: str, *, warning: str = "", error: str = "") -> PolicyEditView:
    try:
        if len(text) > MOST_IN_PAGE and visit.text("as") != "text" and not warning and not error:
            return _apart(found)
        checked = _within(visit, check_text(text))
        if len(text) > MOST_IN_PAGE:
            return _as_text(found, text, checked, warning, error)
        told = canonical_text({**_told(checked, text, visit.lens.fmt.tell), "coverage": _coverage(visit, found.policy)})
    except Invalid as wrong:
        return PolicyEditView(
            found.policy,
            worded(found.title),
            found.version,
            found.digest,
            text,
            "",
            (),
            False,
            warning,
            error or str(wrong),
        )
    return PolicyEditView(
        policy=found.policy,
        title=worded(found.title),
        version=found.version,
        digest=found.digest,
        text=text,
        data=told,
        problems=problems_of(checked),
        fit=not checked.errors,
        warning=warning,
        error=error,
    )


def _apart(found: PolicyVersion) -> PolicyEditView:
    """A page that asks for its long table itself."""
    return PolicyEditView(
        policy=found.policy,
        title=worded(found.title),
        version=found.version,
        digest=found.digest,
        text="",
        data="",
        problems=(),
        fit=True,
        apart=True,
    )


def _as_text(found: PolicyVersion, text: str, checked: Checked, warning: str, error: str) -> PolicyEditView:
    """A long table as its file."""
    return PolicyEditView(
        policy=found.policy,
        title=worded(found.title),
        version=found.version,
        digest=found.digest,
        text=text,
        data="",
        problems=problems_of(checked)[:MOST_TOLD],
        fit=not checked.errors,
        warning=warning,
        error=error,
    )


def _coverage(visit: Visit, policy: str) -> dict[str, dict[str, Any]]:
    """How often each row of the version in force decided, by the row's name."""
    current = next((v for v in visit.app.policies.versions(visit.conn, policy) if v.in_force(visit.now)), None)
    if current is None:
        return {}
    table = check_text(visit.app.policies.text(visit.conn, policy, current.version)).table
    counted = orders.policy_coverage(visit.conn, table, current.version, visit.days_ago(COUNTED_DAYS - 1))
    fmt = visit.lens.fmt
    told = {r.row: {"count": r.count, "told": fmt.number(r.count), "share": str(r.share)} for r in counted.rows}
    return told if counted.counted else {}


_VERSION = f"{urls.policy('{policy}')}/versions/{{version}}"
DOORS = (
    Door("GET", f"{_VERSION}/edit", AUTHOR, show),
    Door("POST", f"{_VERSION}/edit", AUTHOR, save_text),
    Door("GET", f"{_VERSION}/edit-grid", AUTHOR, load_grid),
    Door("POST", f"{_VERSION}/edit-grid", AUTHOR, save_grid),
    Door("POST", f"{_VERSION}/edit-check", AUTHOR, check_grid),
    Door("POST", f"{_VERSION}/edit-try", AUTHOR, try_case),
    Door("POST", f"{_VERSION}/edit-import", AUTHOR, import_file),
)
