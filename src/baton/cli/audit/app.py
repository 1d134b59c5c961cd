"""The group `baton audit`."""

import typer

from baton.cli.audit import audit_run, key, verify

app = typer.Typer(help="Evidence about stored events: verify, key, run.")
app.command()(verify.verify)
app.command()(key.key)
app.command("run")(audit_run.run)
