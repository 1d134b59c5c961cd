"""Every block of the README and of the pages under docs/ runs as printed."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from baton.cli.app import app
from baton.command_api.own.definitions.documents import check_document
from tests.docs.pages import ROOT, Reader

PAGES = (
    "README.md",
    "docs/access.md",
    "docs/definitions.md",
    "docs/functions.md",
    "docs/own-api.md",
    "docs/testing.md",
    "docs/dialects/orchestration-system.md",
    "docs/dialects/orchestrator.md",
    "docs/dialects/workflow-orchestration.md",
)
TOLD_ONCE = {"--url", "--token", "--tenant", "--help"}
"""Options that the page describes above the verbs that share them."""


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    before = set(sys.modules)
    reading = Reader(tmp_path)
    yield reading
    reading.close()
    for name in set(sys.modules) - before:
        if (tmp_path / f"{name}.py").exists():
            del sys.modules[name]


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_a_page_works_as_printed(reader: Reader, page: str) -> None:
    fences = (ROOT / page).read_text().count("```")

    assert reader.read(ROOT / page) == fences // 2


def test_every_definition_of_a_page_is_valid() -> None:
    text = (ROOT / "docs" / "definitions.md").read_text()
    blocks = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)

    checked = [check_document(json.dumps(yaml.safe_load(block)).encode()) for block in blocks]

    assert len(blocks) > 5
    assert [one for one in checked if one[:2] != ([], [])] == []


def test_the_readme_opens_with_the_two_commands() -> None:
    assert (ROOT / "README.md").read_text().startswith("# Baton\n\n```sh\nmake demo")


def test_the_command_line_page_names_every_verb_and_option() -> None:
    page = (ROOT / "docs" / "command-line.md").read_text()
    described = {verb: options(page, verb) for verb in leaves()}

    assert {
        verb: known - described[verb] for verb, known in leaves().items() if known - described[verb]
    } == {}


def leaves() -> dict[str, set[str]]:
    """Return the options of every verb that has no subcommands."""
    found: dict[str, set[str]] = {}

    def below(command: Any, words: str) -> None:
        for name, one in getattr(command, "commands", {}).items():
            below(one, f"{words} {name}")
        if not hasattr(command, "commands"):
            flags = {flag for option in command.params for flag in option.opts}
            found[words] = {flag for flag in flags if flag.startswith("--")} - TOLD_ONCE

    below(typer.main.get_command(app), "baton")
    return found


def options(page: str, verb: str) -> set[str]:
    """Return the options in the list items that begin with a verb."""
    items = re.findall(r"^- (.*(?:\n  .*)*)", page, re.MULTILINE)
    own_items = [item for item in items if item.startswith((f"`{verb} ", f"`{verb}`"))]
    assert own_items, f"{verb} is not described"
    return {flag for item in own_items for flag in re.findall(r"--[a-z-]+", item)}
