"""The command line. `main` is the console script; verbs are imported when they are called."""

import sys

from baton.cli.terminal.failures import INTERRUPTED


def main() -> None:
    """Run the verb that the process's arguments name, and exit."""
    try:
        from baton.cli.app import run  # takes long enough for a Ctrl-C

        run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
