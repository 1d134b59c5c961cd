"""Definitions that a test names: files, folders of files, or dictionaries."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from baton.cli.documents import YAML_SUFFIXES, load_document
from baton.cli.option_checks import file_fault
from baton.cli.terminal.failures import Failed
from baton.command_api.own.definitions.format.read_definition import (
    DefinitionRead,
    read_definition,
)
from baton.domain.errors import Fault

Document: TypeAlias = str | Path | Mapping[str, Any]
"""A file in YAML or JSON, a folder of such files, or a document."""
_SUFFIXES = (*YAML_SUFFIXES, ".json")


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A definition as it was read, and its name in messages."""

    name: str
    content: dict[str, Any]
    read: DefinitionRead

    @property
    def slug(self) -> str:
        """The slug; every definition of a test has one."""
        return self.read.slug or ""


def read_documents(document: Document) -> Iterator[ReadDocument]:
    """Yield the definitions of a document; raises ValueError with every fault."""
    for name, content in _documents(document):
        yield ReadDocument(name, content, _read(name, content))


def read_one(document: Document) -> DefinitionRead:
    """Return the only definition of a file or a document; raises ValueError with every fault."""
    found, *others = read_documents(document)
    if others:
        raise ValueError(f"{document} holds several definitions: name one of its files")
    return found.read


def refused(name: str, faults: Sequence[Fault]) -> ValueError:
    """Return the error that names the faults of a definition."""
    lines = "".join(f"\n  {fault.place} {fault.message}" for fault in faults)
    return ValueError(f"{name} is not valid:{lines}")


def _documents(document: Document) -> Iterator[tuple[str, Any]]:
    """Yield the documents with names for messages; raises ValueError."""
    if not isinstance(document, str | Path):
        yield str(document.get("slug", "the definition")), dict(document)
        return
    path = Path(document)
    files = [path]
    if path.is_dir():
        files = [one for one in sorted(path.iterdir()) if one.suffix in _SUFFIXES]
        if not files:
            raise ValueError(f"{path} holds no file with the suffix {', '.join(_SUFFIXES)}")
    for file in files:
        yield str(file), _parse(file)


def _parse(file: Path) -> Any:
    if fault := file_fault(file):
        raise ValueError(fault)
    try:
        return load_document(file)
    except Failed as error:
        raise ValueError(str(error)) from None


def _read(name: str, content: Any) -> DefinitionRead:
    if not isinstance(content, dict):
        raise refused(name, [Fault((), "must be an object")])
    read, faults = read_definition(content)
    faults += read.unknown
    if "slug" not in content:
        faults.insert(0, Fault(("slug",), "required"))
    if faults:
        raise refused(name, faults)
    return read
