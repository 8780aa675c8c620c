"""The script that builds and tries the image: which tool it takes, and under which bounds it runs what it built."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scripts import image


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def install(tools: Path, name: str, *, answers: bool = True) -> None:
    program = tools / name
    program.write_text(f"#!/bin/sh\nexit {0 if answers else 1}\n", encoding="utf-8")
    program.chmod(0o755)


def test_without_any_tool_it_says_what_to_install(tools: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert image.main([]) == 3
    assert "install docker (with its daemon running), podman or buildah" in capsys.readouterr().err


def test_a_docker_client_without_its_daemon_is_passed_over(tools: Path) -> None:
    install(tools, "docker", answers=False)
    assert image.find_tool() is None
    install(tools, "buildah")
    assert image.find_tool() == image.Tool("buildah")
    install(tools, "podman")
    assert image.find_tool() == image.Tool("podman")


def test_an_image_that_was_built_and_cannot_be_run_here_says_so(
    tools: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install(tools, "buildah")
    assert image.main(["--try"]) == 3
    assert "nothing here can run the image" in capsys.readouterr().err


def test_what_follows_two_dashes_goes_to_the_build(tools: Path, tmp_path: Path) -> None:
    said = tmp_path / "said"
    program = tools / "docker"
    program.write_text(f'#!/bin/sh\n[ "$1" = info ] || echo "$@" > {said}\n', encoding="utf-8")
    program.chmod(0o755)
    assert image.main(["--tag", "t:1", "--python", "base:2", "--", "--network", "host"]) == 0
    told = said.read_text(encoding="utf-8").split()
    assert told[:1] == ["build"]
    assert told[-3:-1] == ["--network", "host"]
    assert {"PYTHON_IMAGE=base:2", "t:1"} <= set(told)


@pytest.mark.parametrize(
    "runner",
    [
        image.Tool("docker"),
        image.Tool("podman"),
        image.Tree("/image", {"Env": ["HEADGATE_HOME=/h"], "Entrypoint": ["x"]}),
    ],
    ids=["docker", "podman", "bubblewrap"],
)
def test_it_is_run_without_root_without_capabilities_and_read_only(runner: image.Tool | image.Tree) -> None:
    told = " ".join(runner.run("t:1", ["serve"], {"HEADGATE_METRICS_PORT": "1"}))
    assert "--cap-drop all" in told.lower()
    assert "--read-only" in told or "--ro-bind /image /" in told
    assert str(image.USER) in told
    assert "--privileged" not in told
    assert told.endswith("serve")


def test_the_user_of_the_trial_is_the_images() -> None:
    assert f"USER {image.USER}:{image.USER}" in image.DOCKERFILE.read_text(encoding="utf-8").splitlines()
    assert os.path.exists(image.IGNORED)
