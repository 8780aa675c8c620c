"""The shell of the command-line tests."""

from __future__ import annotations

import pytest

from headgate.kernel.settings import Settings
from tests.integration.cli.shell import Shell


@pytest.fixture
def shell(settings: Settings) -> Shell:
    """Commands against the worker's database. Make a tenant of the test's own; others stand beside it."""
    return Shell(settings)
