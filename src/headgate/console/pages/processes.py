"""Processes: the list, and each version as a picture with what is underway."""

from __future__ import annotations

from headgate.console import urls
from headgate.console.present import processes as present
from headgate.console.visit import Answer, Door, Visit
from headgate.kernel.errors import NotFound
from headgate.kernel.phrases import phrase
from headgate.process import get_definition, list_versions
from headgate.process.exporting import export_process
from headgate.process.underway import process_sums, stage_counts
from headgate.ui.web import attachment


def show_all(visit: Visit) -> Answer:
    """Every process, by the version in force."""
    return present.processes_view(list_versions(visit.conn), process_sums(visit.conn, visit.now))


def show(visit: Visit) -> Answer:
    """The version in force, else the newest."""
    process = visit.code("process")
    versions = list_versions(visit.conn)
    found = present.chosen(versions).get(process)
    if found is None:
        raise NotFound(phrase("there is no process %(process)s", process=process))
    return _page(visit, process, found["version"])


def show_version(visit: Visit) -> Answer:
    """One version, with the cases that run on it."""
    return _page(visit, visit.code("process"), visit.number("version"))


def download(visit: Visit) -> Answer:
    """A version as a file: BPMN, its picture, or its source."""
    form = visit.code("form")
    found = export_process(
        visit.conn, visit.app.policies, visit.code("process"), visit.number("version"), form, visit.now
    )
    return attachment(found.name, found.media_type, found.text.encode())


def _page(visit: Visit, process: str, version: int) -> Answer:
    definition = get_definition(visit.conn, process, version)
    counts = stage_counts(visit.conn, visit.now, process, version)
    return present.process_view(
        definition,
        list_versions(visit.conn),
        counts,
        may_move=visit.may("processes.migrate"),
        tell=visit.lens.fmt.tell,
    )


DOORS = (
    Door("GET", urls.PROCESSES, ("cases.read",), show_all),
    Door("GET", urls.process("{process}"), ("cases.read",), show),
    Door("GET", f"{urls.process('{process}')}/versions/{{version}}", ("cases.read",), show_version),
    Door("GET", f"{urls.process('{process}')}/versions/{{version}}/files/{{form}}", ("cases.read",), download),
)
