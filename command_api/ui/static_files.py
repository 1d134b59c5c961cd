"""The files that a browser loads, read and compressed once for a process.

Their version is a hash over all of them and part of each address, so that a browser may keep a file
for good. A page names that version, and the modules that it needs first.
"""

import gzip
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

BASE: Final = "/ui/assets"
ICON: Final = "icon.svg"
_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
"""The media types by suffix; a file with another suffix isn't served."""
_PAGES: Final[Mapping[str, str]] = {"index.html": "app.js", "docs/index.html": "docs/docs.js"}
"""The entry modules of the two pages: the UI, and the documents of every API."""
_IMPORT: Final = re.compile(
    r"""^\s*(?:import|export)\b[^'"();]*?['"](\.{1,2}/[^'"]+)['"]""", re.MULTILINE
)
"""Matches static imports; modules loaded by `import()` aren't preloaded."""


_COMMENT: Final = re.compile(r"/\*\*.*?\*/ ?", re.DOTALL)
"""A comment of a module. Comments are nearly a third of all text; browsers don't need them."""
_STYLE_COMMENT: Final = re.compile(r"/\*.*?\*/", re.DOTALL)
_AROUND: Final = re.compile(r"\s*([{};])\s*")
"""Matches the white space around the punctuation of a style."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFile:
    """One file, as it is and compressed by gzip."""

    content_type: str
    body: bytes
    gzipped: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFiles:
    """The pages, and all other files by their path below `{BASE}/{version}/`."""

    version: str
    page: StaticFile
    docs: StaticFile
    assets: Mapping[str, StaticFile]


@cache
def static_files() -> StaticFiles:
    """Return the files of the package's folder `static`."""
    walked = _walk(files(__package__).joinpath("static"), "")
    found = {path: _compact(path, body) for path, body in walked}
    version = _version_of(found)
    page, docs = (
        _static_file(path, _rendered(found.pop(path), first_modules(found, module), version))
        for path, module in _PAGES.items()
    )
    return StaticFiles(
        version=version,
        page=page,
        docs=docs,
        assets={path: _static_file(path, body) for path, body in found.items()},
    )


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _walk(entry, f"{path}/")
        elif posixpath.splitext(path)[1] in _TYPES:
            yield path, entry.read_bytes()


def _compact(path: str, body: bytes) -> bytes:
    """Return a module with its comments left out, whose lines keep their numbers, or a short style.

    No string in a style holds a brace, a semicolon, or a colon and a space.
    """
    if path.endswith(".css"):
        styles = _STYLE_COMMENT.sub("", body.decode())
        return _AROUND.sub(r"\1", styles).replace(": ", ":").encode()
    if not path.endswith(".js") or path.startswith("vendor/"):
        return body
    return _COMMENT.sub(lambda found: "\n" * found[0].count("\n"), body.decode()).encode()


def _version_of(found: Mapping[str, bytes]) -> str:
    digest = sha256()
    for path in sorted(found):
        digest.update(f"{path}\0{len(found[path])}\0".encode())
        digest.update(found[path])
    return digest.hexdigest()[:16]


def _static_file(path: str, body: bytes) -> StaticFile:
    return StaticFile(
        content_type=_TYPES[posixpath.splitext(path)[1]],
        body=body,
        gzipped=gzip.compress(body, mtime=0),
    )


def _rendered(page: bytes, modules: Sequence[str], version: str) -> bytes:
    base = f"{BASE}/{version}"
    links = "\n".join(f'<link rel="modulepreload" href="{base}/{path}">' for path in modules)
    return page.decode().replace("$assets", base).replace("$preloads", links).encode()


def first_modules(found: Mapping[str, bytes], first: str) -> tuple[str, ...]:
    """Return a module and those that it imports, directly or not, in the order of imports."""
    modules = [first]
    for path in modules:
        for relative in _IMPORT.findall(found.get(path, b"").decode()):
            imported = posixpath.normpath(posixpath.join(posixpath.dirname(path), relative))
            if imported in found and imported not in modules:
                modules.append(imported)
    return tuple(modules)
