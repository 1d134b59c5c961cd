"""Commands and groups of Baton: their help pages, and suggestions for mistyped verbs.

A group without a verb prints its help and exits 0, as `gh` does.
"""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

from baton.cli.terminal.help_page import help_page


class Command(TyperCommand):
    """A verb."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help page."""
        formatter.write(help_page(self, ctx, formatter.width))

    def invoke(self, ctx: Any) -> Any:
        """Run the verb; a usage error that the verb itself detects names the verb."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.ctx = error.ctx or ctx
            raise


class Group(TyperGroup):
    """A group of verbs, such as `baton runs`; `panels` are the headings of its help, in order."""

    panels: ClassVar[tuple[str, ...]] = ()

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help page."""
        formatter.write(help_page(self, ctx, formatter.width))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments; without any, print the help page and exit."""
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help())
            ctx.exit()
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the verb that the first argument names; an unknown one is a usage error."""
        word = args[0]
        known = word in self.commands or word.startswith("-")
        if not known and not ctx.resilient_parsing:
            ctx.fail(f"No such command {word!r}.{_suggestion(word, self)}")
        return super().resolve_command(ctx, args)


def use_own_help(app: typer.Typer, kind: type[Group] = Group) -> None:
    """Give every verb and group of `app` Baton's help pages; `app` itself becomes a `kind`."""
    app.info.cls = kind
    for verb in app.registered_commands:
        verb.cls = Command
    for group in app.registered_groups:
        if group.typer_instance is not None:
            group.cls = Group
            use_own_help(group.typer_instance)


def did_you_mean(words: Sequence[str]) -> str:
    """Return a sentence that suggests these words; empty without any."""
    return f" Did you mean {' or '.join(map(repr, words))}?" if words else ""


def _suggestion(word: str, group: Group) -> str:
    """Return a sentence with the nearest verbs, including those of subgroups; empty without any."""
    return did_you_mean(get_close_matches(word, group.commands) or list(_nested(word, group)))


def _nested(word: str, group: Group) -> Iterator[str]:
    for name, command in group.commands.items():
        inner = getattr(command, "commands", {})
        yield from (f"{name} {match}" for match in get_close_matches(word, inner, n=1, cutoff=0.8))
