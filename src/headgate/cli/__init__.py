"""F11: the command line. Every list and show command takes `--json`; errors go to stderr with a non-zero exit."""

from headgate.cli.launching import Launcher
from headgate.cli.main import run

__all__ = ["Launcher", "run"]
