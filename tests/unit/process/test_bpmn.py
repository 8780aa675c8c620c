"""BPMN files: every reference meets something, everything is drawn once, and nothing lies on anything else."""

from __future__ import annotations

import re
import shutil
import subprocess
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from headgate.process import Definition
from headgate.process.core.bpmn.writing import BPMN, write_bpmn
from headgate.process.core.diagram import ways
from headgate.process.core.layout import lay_out
from headgate.process.core.parse import parse_definition, read_definition

FILES = sorted((Path(__file__).parents[3] / "packs").glob("*/processes/*.yaml"))
DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
WAY = "{http://www.omg.org/spec/DD/20100524/DI}waypoint"
B = f"{{{BPMN}}}"
ALL_KINDS = """\
process: onboarding
version: 2
title: 'Onboarding <of> & "partners"'
subject: partner
owner: desk
events:
  partner.asked: {key: "p:{partner}", subject: "{partner}", starts: true}
  partner.signed: {key: "p:{partner}", subject: "{partner}"}
  partner.left: {key: "p:{partner}", subject: "{partner}"}
stages:
  - id: gathering
    title: Gathering
    sla: {hours: 8, target: 4, escalate: [{after: 2, notify: desk}]}
    enter:
      - {timer: patience, hours: 40}
      - id: checks
        parallel: checks
        join: 2
        branches:
          paper:
            - {wait: partner.signed, id: signed}
            - {id: told, command: crm, type: partner.signed, compensate: partner.unsigned}
          money:
            - {id: rated, decide: rating, with: {a: 1}}
            - {timer: settle, id: settled, hours: 8}
          deep:
            - id: inner
              parallel: inner
              branches:
                a: [{id: collect, task: "Collect papers", role: desk}]
                b: [{id: sub, subcase: other, each: $rated.lines}]
      - {id: say, emit: partner.gathered}
    go:
      - {when: {checks.outcome: joined}, to: active}
      - when: {checks.outcome: failed}
        to: failed
        do: [{roll_back: all}, {id: noted, run: partner.note, compensate: partner.forget}]
    on:
      timer.patience: {to: failed}
      partner.left: [{when: {rated.good: true}, to: active}, {to: failed}]
  - {id: active, title: Active, final: active}
  - id: failed
    title: Failed
    final: failed
    enter: [{id: closed, run: partner.close}]
    on:
      partner.asked: {to: gathering}
"""


def written(definition: Definition) -> ElementTree.Element:
    return ElementTree.fromstring(write_bpmn(definition))


def definitions() -> list[Definition]:
    found = [parse_definition(f.read_text(encoding="utf-8"), f.name) for f in FILES]
    return [*found, read_definition(ALL_KINDS, "onboarding.yaml")]


def identity(definition: Definition) -> str:
    return definition.process


@pytest.mark.parametrize("definition", definitions(), ids=identity)
def test_every_reference_meets_an_element_and_everything_is_drawn_once(definition: Definition) -> None:
    root = written(definition)
    ids = [e.get("id") or "" for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[A-Za-z_][\w.-]*", id_) for id_ in ids)
    for name in ("sourceRef", "targetRef", "attachedToRef", "default", "messageRef", "signalRef", "bpmnElement"):
        assert {e.get(name) for e in root.iter() if e.get(name)} <= set(ids), name
    flows = {e.get("id"): e for e in root.iter(f"{B}sequenceFlow")}
    for tag, end in (("incoming", "targetRef"), ("outgoing", "sourceRef")):
        told = sorted((child.text or "", e.get("id") or "") for e in root.iter() for child in e.findall(f"{B}{tag}"))
        assert told == sorted((id_ or "", f.get(end) or "") for id_, f in flows.items())
    drawn = [e.get("bpmnElement") for e in root.iter() if e.tag in (f"{DI}BPMNShape", f"{DI}BPMNEdge")]
    process = root.find(f"{B}process")
    assert process is not None
    kinds = ("Task", "task", "Event", "Gateway", "Process", "Activity", "Flow", "association")
    meant = [e.get("id") for e in process.iter() if e.get("id") and e.tag.endswith(kinds)]
    assert sorted(drawn, key=str) == sorted(meant, key=str)
    pages = [e.get("bpmnElement") for e in root.iter(f"{DI}BPMNPlane")]
    assert pages == [definition.process, *(e.get("id") for e in process.iter(f"{B}subProcess"))]


@pytest.mark.parametrize("definition", definitions(), ids=identity)
def test_no_element_lies_on_another_and_lines_run_at_right_angles(definition: Definition) -> None:
    for page in written(definition).iter(f"{DI}BPMNPlane"):
        boxes = {}
        for shape in page.iter(f"{DI}BPMNShape"):
            bounds = shape.find(f"{DC}Bounds")
            assert bounds is not None
            boxes[shape.get("bpmnElement") or ""] = [float(bounds.get(k) or 0) for k in ("x", "y", "width", "height")]
        borders = re.compile(r"--(on--|undo$)")  # events stand on what they belong to
        plain = [(n, b) for n, b in boxes.items() if not (borders.search(n) and b[2] == 36)]
        for (m, (ax, ay, aw, ah)), (n, (bx, by, bw, bh)) in combinations(plain, 2):
            assert ax + aw <= bx or bx + bw <= ax or ay + ah <= by or by + bh <= ay, (m, n)
        for edge in page.iter(f"{DI}BPMNEdge"):
            points = [(float(p.get("x") or 0), float(p.get("y") or 0)) for p in edge.iter(WAY)]
            assert len(points) > 1
            assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(points)), edge.get("id")
            for (ax, ay), (bx, by) in pairwise(points):
                for name, (x, y, width, height) in plain:
                    through = min(ax, bx) < x + width - 1 and max(ax, bx) > x + 1
                    assert not (through and min(ay, by) < y + height - 1 and max(ay, by) > y + 1), (
                        edge.get("id"),
                        name,
                    )


@pytest.mark.parametrize("definition", definitions(), ids=identity)
def test_stages_stand_in_the_columns_and_the_order_of_the_picture(definition: Definition) -> None:
    picture = lay_out(list(definition.stages), [(w.start, w.end) for w in ways(definition)])
    root = written(definition)
    found: dict[str, tuple[float, float]] = {}
    for shape in root.iter(f"{DI}BPMNShape"):
        name = (shape.get("bpmnElement") or "").removeprefix("stage--").removesuffix("--end")
        bounds = shape.find(f"{DC}Bounds")
        if name in definition.stages and bounds is not None:
            found.setdefault(name, (float(bounds.get("x") or 0), float(bounds.get("y") or 0)))
    assert set(found) == set(definition.stages)
    for a, b in combinations(definition.stages, 2):
        if picture.column[a] == picture.column[b]:
            above = picture.boxes[a].y < picture.boxes[b].y
            assert (found[a][1] < found[b][1]) == above, (a, b)
        else:
            assert (found[a][0] < found[b][0]) == (picture.column[a] < picture.column[b]), (a, b)


def test_each_kind_of_step_has_its_element() -> None:
    root = written(read_definition(ALL_KINDS, "onboarding.yaml"))
    kinds = {e.get("name"): e.tag.removeprefix(B) for e in root.iter() if e.tag.startswith(B) and e.get("name")}
    assert kinds["rating"] == "businessRuleTask"
    assert kinds["Collect papers"] == "userTask"
    assert kinds["other"] == "callActivity"
    assert kinds["partner.signed to crm"] == "sendTask"
    assert kinds["partner.unsigned"] == "sendTask"
    assert kinds["partner.forget"] == "serviceTask"
    assert kinds["settle"] == "intermediateCatchEvent"
    assert kinds["patience"] == "boundaryEvent"
    assert kinds["2 of 3 done"] == "complexGateway"
    assert kinds["All done"] == "parallelGateway"
    assert len(root.findall(f".//{B}boundaryEvent/{B}compensateEventDefinition")) == 2
    assert len(root.findall(f".//{B}association")) == 2
    (breach,) = (e for e in root.iter(f"{B}boundaryEvent") if e.get("name") == "8 h")
    assert breach.get("cancelActivity") == "false"
    said = [e.text for e in breach.findall(f"{B}documentation")]
    assert said == ["Warns after 6 working hours.", "Aims at 4 working hours.", "2 working hours later desk is told."]
    assert root.get("name") == 'Onboarding <of> & "partners"'


def test_what_is_said_about_a_policy_stands_where_it_is_asked() -> None:
    text = write_bpmn(
        read_definition(ALL_KINDS, "o.yaml"), {"rating": "Policy rating, version 4: § 3 of the programme."}
    )
    assert "§ 3 of the programme" in text
    assert write_bpmn(read_definition(ALL_KINDS, "o.yaml")) == write_bpmn(read_definition(ALL_KINDS, "o.yaml"))


def test_names_that_xml_cannot_hold_are_replaced() -> None:
    source = ALL_KINDS.replace("title: Gathering", 'title: "Gath\\u0001ering"').replace("id: gathering", 'id: "1 ä-b"')
    source = source.replace("to: gathering", 'to: "1 ä-b"')
    root = written(read_definition(source, "o.yaml"))
    assert any(e.get("name") == "Gath\N{REPLACEMENT CHARACTER}ering" for e in root.iter())


@pytest.mark.parametrize("definition", definitions(), ids=identity)
def test_a_modeller_reads_it_without_a_warning(definition: Definition, tmp_path: Path) -> None:
    """With `npm install bpmn-moddle` where node finds it (NODE_PATH); the tests above run without it."""
    node = shutil.which("node")
    known = "require.resolve('bpmn-moddle')"
    if node is None or subprocess.run([node, "-e", known], capture_output=True, check=False).returncode:
        pytest.skip("node does not find bpmn-moddle")
    file = tmp_path / "process.bpmn"
    file.write_text(write_bpmn(definition), encoding="utf-8")
    script = (
        "import(require.resolve('bpmn-moddle')).then(async m => {"
        "const made = new (m.BpmnModdle ?? m.default)();"
        f"const read = await made.fromXML(require('fs').readFileSync({str(file)!r}, 'utf8'));"
        "console.log(JSON.stringify(read.warnings.map(w => w.message)))})"
    )
    ran = subprocess.run([node, "-e", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
