"""F11: the command line. Every list and show command takes `--json`; errors go to stderr with a non-zero exit."""

from headgate.cli.main import main

__all__ = ["main"]
