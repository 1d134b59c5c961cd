"""The definitions of an engine: read from files or dictionaries, created or updated."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from baton.command_api.commands import NewDefinition, create_definition, update_definition
from baton.command_api.own.definitions.format.read_definition import (
    DefinitionRead,
    read_definition,
)
from baton.command_api.principal import Principal
from baton.command_api.services import Services
from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.messages import Body
from baton.domain.definition.state import State
from baton.domain.errors import Fault, Invalid
from baton.domain.nearest_name import nearest_name
from baton.domain.stream import stream_name
from baton.eventlog.loops.load import load

Document: TypeAlias = str | Path | Mapping[str, Any]
"""A file in YAML or JSON, a folder of such files, or a document."""
_SUFFIXES = (".yaml", ".yml", ".json")


class _Loader(yaml.SafeLoader):
    """Reads a time without quotes as the text that it is, because JSON has no times."""


_Loader.yaml_implicit_resolvers = {
    first: [one for one in resolvers if one[0] != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class Definitions:
    """The definitions that a test has applied.

    Attributes:
        slugs: The slugs by the definitions' ids.
    """

    def __init__(self, user: Principal, new_id: Callable[[], str]) -> None:
        self.slugs: dict[str, str] = {}
        self._user = user
        self._new_id = new_id

    async def apply(self, services: Services, document: Document, now: int) -> None:
        """Create or update definitions; raises ValueError, which names every fault.

        Args:
            services: Of the engine.
            document: The definitions.
            now: The time of the engine, in ms since the epoch.
        """
        for name, content in _documents(document):
            read = _read(name, content)
            try:
                await self._publish(services, read, now)
            except Invalid as invalid:
                faults = [read.in_document(one) for one in invalid.faults]
                raise _refused(name, faults) from None

    async def load(self, services: Services, slug: str) -> State:
        """Return the definition of a slug; raises LookupError."""
        ident = self._id_of(slug)
        if ident is None:
            nearest = nearest_name(slug, self.slugs.values())
            hint = f"; did you mean {nearest!r}?" if nearest else ""
            raise LookupError(f"no definition {slug!r} was applied{hint}")
        stream = stream_name(self._user.tenant, DEFINITION.name, ident)
        return (await load(services.store, DEFINITION, stream)).state

    async def _publish(self, services: Services, read: DefinitionRead, now: int) -> None:
        slug = read.slug or ""
        ident = self._id_of(slug)
        if ident is not None:

            def change(seen: State) -> Body:
                return read.replacing(seen.body)

            await update_definition(
                services, self._user, ident, change, at=now, secrets=read.secrets
            )
            return
        ident = self._new_id()
        new = NewDefinition(
            definition_id=ident, slug=slug, body=read.created(), secrets=read.secrets
        )
        await create_definition(services, self._user, new, at=now)
        self.slugs[ident] = slug

    def _id_of(self, slug: str) -> str | None:
        return next((ident for ident, known in self.slugs.items() if known == slug), None)


def read_one(document: Document) -> DefinitionRead:
    """Return the only definition of a file or a document; raises ValueError with every fault."""
    (name, content), *others = _documents(document)
    if others:
        raise ValueError(f"{document} holds several definitions: name one of its files")
    return _read(name, content)


def _documents(document: Document) -> Iterator[tuple[str, Any]]:
    """Yield the documents with names for messages; raises ValueError and OSError."""
    if not isinstance(document, str | Path):
        yield str(document.get("slug", "the definition")), dict(document)
        return
    path = Path(document)
    files = [path]
    if path.is_dir():
        files = [one for one in sorted(path.iterdir()) if one.suffix in _SUFFIXES]
        if not files:
            raise ValueError(f"{path} holds no {', '.join(_SUFFIXES)}")
    for file in files:
        yield str(file), _parse(file)


def _parse(file: Path) -> Any:
    text = file.read_text(encoding="utf-8")
    try:
        if file.suffix == ".json":
            return json.loads(text)
        return yaml.load(text, _Loader)  # noqa: S506 - a subclass of SafeLoader
    except (ValueError, yaml.YAMLError) as error:
        raise ValueError(f"{file} can't be read: {error}") from None


def _read(name: str, content: Any) -> DefinitionRead:
    if not isinstance(content, dict):
        raise _refused(name, [Fault((), "must be an object")])
    read, faults = read_definition(content)
    faults += read.unknown
    if "slug" not in content:
        faults.insert(0, Fault(("slug",), "required"))
    if faults:
        raise _refused(name, faults)
    return read


def _refused(name: str, faults: Sequence[Fault]) -> ValueError:
    lines = "".join(f"\n  {fault.place} {fault.message}" for fault in faults)
    return ValueError(f"{name} is not valid:{lines}")
