"""Checkpoints, keys, proofs and bundles from the command line, to a file that is checked without Headgate."""

from __future__ import annotations

import subprocess
import sys
import uuid

import pytest

from tests.integration.cli.shell import Shell


@pytest.fixture
def slug(shell: Shell) -> str:
    """A tenant of this test's own; creating it leaves entries in its chain."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    shell.ok("tenant", "create", name, "--name", "Nord", "--currency", "EUR")
    return name


def test_a_bundle_goes_to_somebody_who_has_no_headgate(shell, slug, tmp_path):
    shell.ok("audit", "checkpoint", "-t", slug)
    (tmp_path / "key").write_text(shell.ok("audit", "keys", "-t", slug).out.strip())
    (tmp_path / "held").write_text(shell.ok("audit", "checkpoint", "-t", slug).out)
    (tmp_path / "verify.py").write_text(shell.ok("audit", "verifier").out)
    for name in ("all.jsonl", "again.jsonl.gz"):
        made = shell.read("audit", "export", str(tmp_path / name), "-t", slug, "--events")
        assert made["entries"] == made["size"] > 0
        command = [
            sys.executable,
            "-I",
            "verify.py",
            name,
            "--key",
            (tmp_path / "key").read_text(),
            "--checkpoint",
            "held",
        ]
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert "signed by your key" in ran.stdout
        assert "is part of this history" in ran.stdout
    assert "exists already" in shell.run("audit", "export", str(tmp_path / "all.jsonl"), "-t", slug).err
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith(".")) == []


def test_one_entry_is_proved_on_stdout(shell, slug, tmp_path):
    (tmp_path / "proof.jsonl").write_text(shell.ok("audit", "proof", "1", "-t", slug).out)
    (tmp_path / "verify.py").write_text(shell.ok("audit", "verifier").out)
    command = [sys.executable, "-I", "verify.py", "proof.jsonl"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 entries are in the tree" in ran.stdout
    assert "no audit entry 999" in shell.run("audit", "show", "999", "-t", slug).err
    assert shell.run("audit", "proof", "999", "-t", slug).code == 1


def test_a_rotated_key_signs_what_follows(shell, slug):
    first = shell.read("audit", "checkpoint", "-t", slug)
    second = shell.read("audit", "checkpoint", "--rotate-key", "-t", slug)
    assert second["key_id"] != first["key_id"]
    keys = shell.read("audit", "keys", "-t", slug)["items"]
    assert [(k["key_id"], k["current"]) for k in keys] == [(second["key_id"], True), (first["key_id"], False)]
    assert [c["size"] for c in shell.read("audit", "checkpoints", "-t", slug)["items"]] == [
        second["size"],
        first["size"],
    ]


def test_a_search_says_what_is_signed(shell, slug):
    shell.ok("audit", "checkpoint", "-t", slug)
    found = shell.read("audit", "search", "tenant", "-t", slug)["items"]
    assert {item["proof"] for item in found} == {"signed"}
    assert shell.read("audit", "search", "no such words anywhere", "-t", slug)["items"] == []
    assert shell.read("audit", "search", "--until", "2001-01-01T00:00:00Z", "-t", slug)["items"] == []
    assert "RFC 3339" in shell.run("audit", "search", "--since", "yesterday", "-t", slug).err
    assert shell.read("audit", "show", str(found[0]["seq"]), "-t", slug)["proof"] == "signed"
