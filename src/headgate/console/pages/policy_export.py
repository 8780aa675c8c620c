"""A version of a policy as a file of another tool. What a file cannot hold is said before it is taken."""

from __future__ import annotations

from fastapi import Response

from headgate.console import urls
from headgate.console.pages.policies import READ, picked, versions_of
from headgate.console.present.policies import status_of
from headgate.console.views.policies import ExportChoice, PolicyExportView
from headgate.console.visit import Answer, Door, Visit
from headgate.kernel.errors import Invalid, NotFound
from headgate.kernel.phrases import phrase, worded
from headgate.policy import PolicyTable, PolicyVersion, check_text
from headgate.policy.exchange import write_table

FORMS = {
    "xlsx": (
        phrase("Excel workbook"),
        phrase("A table and its tests to work on in a spreadsheet; comes in again with every change."),
    ),
    "dmn": ("DMN 1.3", phrase("Decision modellers that read the standard: Camunda, Trisotech, Signavio, bpmn.io.")),
    "jdm": ("GoRules JSON", phrase("The GoRules editor and the ZEN engine.")),
    "csv": ("CSV", phrase("Any spreadsheet; the table without its tests.")),
    "yaml": ("YAML", phrase("The text as Headgate keeps it: for a pack, a review or a diff.")),
}
_MEDIA = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "dmn": "application/xml",
    "jdm": "application/json",
    "csv": "text/csv; charset=utf-8",
    "yaml": "application/yaml",
}


def show(visit: Visit) -> Answer:
    """Every form, with what it cannot hold."""
    found, table = _table(visit)
    choices = tuple(_choice(table, form) for form in FORMS)
    return PolicyExportView(found.policy, worded(found.title), found.version, status_of(found, visit.lens), choices)


def download(visit: Visit) -> Answer:
    """One of them."""
    form = visit.code("form")
    if form not in FORMS:
        raise NotFound(phrase("policies are not written as %(form)s", form=form))
    found, table = _table(visit)
    made = write_table(table, form)
    name = f"{found.policy}-v{found.version}.{made.suffix}"
    return Response(
        made.data, media_type=_MEDIA[form], headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _table(visit: Visit) -> tuple[PolicyVersion, PolicyTable]:
    found = picked(visit, versions_of(visit))
    return found, check_text(visit.app.policies.text(visit.conn, found.policy, found.version)).table


def _choice(table: PolicyTable, form: str) -> ExportChoice:
    title, readers = FORMS[form]
    try:
        made = write_table(table, form)
    except Invalid as error:
        return ExportChoice(form, title, readers, 0, (), worded(error.message))
    return ExportChoice(form, title, readers, len(made.data), tuple(each.told for each in made.notices))


_VERSION = f"{urls.policy('{policy}')}/versions/{{version}}"
DOORS = (
    Door("GET", f"{_VERSION}/export", READ, show),
    Door("GET", f"{_VERSION}/export/{{form}}", READ, download),
)
