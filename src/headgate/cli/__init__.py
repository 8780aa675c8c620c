"""F11: the command line. Every list and show command takes `--json`; errors go to stderr with a non-zero exit."""

from headgate.cli.main import run
from headgate.cli.serving import Launcher

__all__ = ["Launcher", "run"]
