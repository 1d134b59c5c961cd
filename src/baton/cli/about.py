"""`baton help`, `baton version` and `baton completion`."""

import os
from typing import Annotated, Any, Final

import typer

SHELLS: Final = ("bash", "fish", "zsh")
COMPLETE: Final = "_BATON_COMPLETE"
"""The environment variable with which a shell's script requests completions."""


def _complete_words(context: typer.Context) -> list[str]:
    command: Any = context.find_root().command
    for word in context.params.get("words") or ():
        command = getattr(command, "commands", {}).get(word)
    return list(getattr(command, "commands", {}))


def help_(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="COMMAND",
            autocompletion=_complete_words,
            help="The command, such as `runs list`.",
        ),
    ] = None,
) -> None:
    """Show the help of a command."""
    command_context: Any = context.find_root()
    for word in words or ():
        if not hasattr(command_context.command, "commands"):
            command_context.fail(f"{command_context.command_path!r} has no subcommand {word!r}")
        name, command, _ = command_context.command.resolve_command(command_context, [word])
        command_context = type(command_context)(command, info_name=name, parent=command_context)
    typer.echo(command_context.get_help())


def version() -> None:
    """Print the version."""
    from importlib.metadata import version as version_of

    typer.echo(f"baton {version_of('baton-orchestrator')}")


def on_version(value: bool) -> None:
    """Print the version and exit if `--version` is given."""
    if value:
        version()
        raise typer.Exit


def _shell(text: str) -> str:
    if text not in SHELLS:
        raise typer.BadParameter(f"choose one of {', '.join(SHELLS)}")
    return text


def completion(
    shell: Annotated[
        str,
        typer.Argument(
            metavar="bash|fish|zsh",
            callback=_shell,
            autocompletion=lambda: list(SHELLS),
            help="The shell.",
        ),
    ],
    install: Annotated[
        bool,
        typer.Option("--install", help="Add the script to the files that the shell reads."),
    ] = False,
) -> None:
    """Print the script that completes commands and options in a shell.

    `eval "$(baton completion bash)"` turns completion on in the running shell (fish: `baton
    completion fish | source`), and --install does so in every new one.
    """
    from typer import completion as scripts

    if not install:
        script = scripts.get_completion_script(  # type: ignore[attr-defined]
            prog_name="baton", complete_var=COMPLETE, shell=shell
        )
        typer.echo(script)
        return
    _, path = scripts.install(  # type: ignore[attr-defined]
        shell=shell, prog_name="baton", complete_var=COMPLETE
    )
    typer.echo(f"{path} completes in every new {shell}.")


def prepare_completion() -> None:
    """Register the shells with typer when a shell's script requests completions."""
    if COMPLETE in os.environ:
        from typer.completion import completion_init  # type: ignore[attr-defined]

        os.environ["COLUMNS"] = "1000"  # typer wraps texts, and fish reads each line as a word
        completion_init()
