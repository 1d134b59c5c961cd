"""The command line. `main` is the console script; verbs are imported when they are called."""


def main() -> None:
    """Run the verb that the process's arguments name, and exit."""
    from baton.cli.app import run

    run()
