"""`baton audit key`: the key that verifies signed heads of the log."""

from typing import Annotated

import typer

from baton.cli.options import AsJson, DataFolder
from baton.cli.terminal.failures import Failed


def key(
    data: DataFolder = None,
    create: Annotated[
        bool, typer.Option("--create", help="Make audit.key in the data folder if there is no key.")
    ] = False,
    rotate: Annotated[
        bool,
        typer.Option("--rotate", help="Put a new key before that of audit.key; then restart."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print the verifier key of the log: give it to everyone who verifies your proofs.

    The signing key is BATON_AUDIT_KEY, or the file audit.key of the data folder. Keys that signed
    before are printed behind it.
    """
    from baton.cli.load_settings import load_settings
    from baton.cli.terminal.output import print_json
    from baton.keys import audit_keys, rotate_audit_key

    settings = load_settings(data=data)
    if rotate and settings.audit_key is not None:
        raise Failed("BATON_AUDIT_KEY holds the key: put a new one before it, and restart")
    keys = rotate_audit_key(settings) if rotate else audit_keys(settings, create=create)
    if keys is None:
        raise Failed(
            f"There is no key in {settings.data_folder}: set BATON_AUDIT_KEY, or make one with"
            " `baton audit key --create`"
        )
    verifiers = [str(verifier) for verifier in keys.verifiers]
    if as_json:
        print_json({"key": verifiers[0], "former": verifiers[1:]})
    else:
        typer.echo("\n".join(verifiers))
