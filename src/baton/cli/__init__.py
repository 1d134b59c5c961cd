"""The command line. `main` is the console script; everything else is imported when it is needed."""


def main() -> None:
    """Do what the process's arguments say, and exit."""
    from baton.cli.app import run

    run()
