"""The help page of a verb or a group of verbs, at the width of the terminal.

A page shows every word of a text, every default and every range. A text wraps at spaces alone, so
that an option or an address in it can be copied. The pages of typer cut words in narrow terminals
and read parts of a text as markup.
"""

import textwrap
from collections.abc import Iterator, Sequence
from inspect import cleandoc
from typing import Any, Final

import typer
from typer.core import TyperArgument, TyperOption

from baton.cli.terminal.output import colored

INDENT: Final = 2
GAP: Final = 2
"""Spaces between a name and its text."""
NARROW: Final = 70
"""Below this width, the texts begin further left: long names get a line of their own."""

Entry = tuple[str, str]
"""The name of an option, argument or verb, and its text."""


def help_page(command: Any, context: Any, width: int) -> str:
    """Return the help page of `command` in lines of at most `width` characters."""
    blocks = [usage_line(command, context, width), *_paragraphs(command.help or "", width)]
    for heading, entries in _sections(command, context):
        lines = [_styled(f"{heading}:"), *_entries(entries, width)]
        blocks.append("\n".join(lines))
    return "\n\n".join([*blocks, *_paragraphs(command.epilog or "", width)]) + "\n"


def usage_line(command: Any, context: Any, width: int) -> str:
    """Return the usage: an argument in brackets can be left out, dots mean any number."""
    words = ["[OPTIONS]"]
    for parameter in command.params:
        if isinstance(parameter, TyperArgument) and not parameter.hidden:
            name = _argument_name(parameter)
            words.append(name if parameter.required else f"[{name}]")
    if hasattr(command, "commands"):
        words.append("COMMAND")
    begin = f"Usage: {context.command_path} "
    return f"{_styled('Usage:')}{_wrapped(begin + ' '.join(words), width, hanging=9)[6:]}"


def first_paragraph(text: str) -> str:
    """Return the first paragraph of a help text in one line."""
    return " ".join(cleandoc(text).split("\n\n", 1)[0].split())


def _sections(command: Any, context: Any) -> Iterator[tuple[str, Sequence[Entry]]]:
    """Yield the headings of a page with their entries; a group lists its verbs first."""
    panels: dict[str, list[Entry]] = {name: [] for name in getattr(command, "panels", ())}
    inside = getattr(command, "commands", {})
    groups_first = sorted(inside.items(), key=lambda item: not hasattr(item[1], "commands"))
    for name, subcommand in groups_first:
        if not subcommand.hidden:
            heading = getattr(subcommand, "rich_help_panel", None) or "Commands"
            panels.setdefault(heading, []).append((name, first_paragraph(subcommand.help or "")))
    yield from ((heading, entries) for heading, entries in panels.items() if entries)
    shown = [parameter for parameter in command.get_params(context) if not parameter.hidden]
    arguments = [parameter for parameter in shown if isinstance(parameter, TyperArgument)]
    options = [parameter for parameter in shown if isinstance(parameter, TyperOption)]
    if arguments:
        yield (
            "Arguments",
            [(_argument_name(argument), _text(argument, context)) for argument in arguments],
        )
    yield "Options", [(_option_name(option), _text(option, context)) for option in options]


def _argument_name(argument: TyperArgument) -> str:
    name = argument.metavar or str(argument.name).upper()
    return name if argument.nargs == 1 else f"{name}..."


def _option_name(option: TyperOption) -> str:
    flags = ", ".join(sorted(option.opts, key=len))
    if option.is_flag:
        return flags
    return f"{flags} {option.metavar or str(option.name).upper()}"


def _text(parameter: Any, context: Any) -> str:
    """Return the help text with the default, the range, and whether an option is required."""
    notes = []
    if default := _default(parameter, context):
        notes.append(f"default: {default}")
    if parameter.max is not None:
        notes.append(f"{parameter.min or 0} to {parameter.max}")
    elif parameter.min is not None:
        notes.append(f"at least {parameter.min}")
    if parameter.required and isinstance(parameter, TyperOption):
        notes.append("required")
    text = cleandoc(parameter.help or "")
    return f"{text} [{'; '.join(notes)}]".lstrip() if notes else text


def _default(parameter: Any, context: Any) -> str:
    """Return the default, or the words that stand for it; a flag has none."""
    if isinstance(parameter.show_default, str):
        return parameter.show_default
    value = parameter.get_default(context, call=False)
    if not parameter.show_default or value is None or value is False:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _entries(entries: Sequence[Entry], width: int) -> Iterator[str]:
    longest = max(len(name) for name, _ in entries)
    begin = INDENT + min(longest, 16 if width < NARROW else 26) + GAP
    for name, text in entries:
        lines = _wrapped(text, width - begin).splitlines()
        head = f"{'':{INDENT}}{_styled(name)}"
        if lines and INDENT + len(name) + GAP <= begin:
            head += f"{'':{begin - INDENT - len(name)}}{lines.pop(0)}"
        yield head
        yield from (f"{'':{begin}}{line}" for line in lines)


def _paragraphs(text: str, width: int) -> list[str]:
    return [_wrapped(paragraph, width) for paragraph in cleandoc(text).split("\n\n") if paragraph]


def _wrapped(text: str, width: int, *, hanging: int = 0) -> str:
    return textwrap.fill(
        " ".join(text.split()),
        width,
        subsequent_indent=" " * hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _styled(text: str) -> str:
    return typer.style(text, bold=True) if colored() else text
