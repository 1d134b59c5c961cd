"""Opens addresses in the browser of the desktop."""

import webbrowser

from baton.cli.terminal.output import print_note


def open_browser(url: str) -> None:
    """Open an address in a browser; a note says so if there is none."""
    if not webbrowser.open(url):
        print_note("No browser could be opened: open the address yourself.")
