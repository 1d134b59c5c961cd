"""The house style of the UI's modules: sizes, comments, imports, and forbidden calls."""

import gzip
import posixpath
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from baton.command_api.ui.static_files import static_files

STATIC = Path(__file__).parents[2] / "command_api" / "ui" / "static"
MODULES = sorted(path for path in STATIC.rglob("*.js") if path.parent.name != "vendor")
KILOBYTE = 1_000
FROM = re.compile(r"""from\s*['"](\.{1,2}/[^'"]+)['"]""")
IMPORT = re.compile(r"""(?:from|import\()\s*['"](\.{1,2}/[^'"]+)['"]""")
EXPORTED = re.compile(r"^export (?:default )?(?:async )?(?:function\*?|class|const) (\w+)")
FORBIDDEN = {
    "markup made of text": re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|dangerouslySet"
    ),
    "code made of text": re.compile(r"\beval\(|new Function\("),
    "an inline style in markup": re.compile(r"style=[\"']"),
    "another origin": re.compile(r"""['"`](?:https?:)?//(?!www\.w3\.org)"""),
}
PRIVATE_WORDS = re.compile(
    r"\b(told|anew|nobody|somebody|whoever|seldom|hears?|heard|insists?)\b", re.IGNORECASE
)

QUESTION = re.compile(r"/\*\*\s+(?:\*\s+)?(What|Who|How|Why|Where|Which|When)\b")


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def names(paths: Iterator[Path]) -> list[str]:
    return [str(path.relative_to(STATIC)) for path in paths]


def test_no_module_is_longer_than_300_lines() -> None:
    assert names(path for path in MODULES if text_of(path).count("\n") > 300) == []


def test_no_folder_has_more_than_15_modules() -> None:
    sizes = Counter(path.parent for path in MODULES)

    assert names(folder for folder, size in sizes.items() if size > 15) == []


def test_every_module_begins_with_a_comment() -> None:
    assert names(path for path in MODULES if not text_of(path).startswith("/**")) == []


def test_everything_that_is_exported_is_described() -> None:
    """The titles of pages are described once, in core/router.js."""
    found = []
    for path in MODULES:
        lines = text_of(path).splitlines()
        for number, line in enumerate(lines):
            exported = EXPORTED.match(line)
            if (
                exported
                and exported[1] != "title"
                and not lines[number - 1].rstrip().endswith("*/")
            ):
                found.append(f"{path.relative_to(STATIC)}:{number + 1} {exported[1]}")

    assert found == []


def test_no_comment_or_text_has_a_private_word() -> None:
    assert names(path for path in MODULES if PRIVATE_WORDS.search(text_of(path))) == []


def test_no_comment_opens_with_a_question_word() -> None:
    assert names(path for path in MODULES if QUESTION.search(text_of(path))) == []


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_module_uses(what: str) -> None:
    assert names(path for path in MODULES if FORBIDDEN[what].search(text_of(path))) == []


def test_every_import_names_a_file() -> None:
    missing = [
        f"{path.relative_to(STATIC)}: {imported}"
        for path in MODULES
        for imported in IMPORT.findall(text_of(path))
        if not (path.parent / imported).is_file()
    ]

    assert missing == []


def served(*paths: str) -> bytes:
    assets = static_files().assets
    return b"".join(assets[path].gzipped for path in paths)


def test_all_files_fit_into_their_budget() -> None:
    """All files of the pages below /ui, as they are served, have at most 154 kB (decision 0061).

    The modules of /docs, which no page of the UI loads, have at most 10 kB compressed as one
    (decision 0059).
    """
    files = static_files()
    docs = [path for path in sorted(files.assets) if path.startswith("docs/")]
    everything = b"".join((files.docs.body, *(files.assets[path].body for path in docs)))

    assert len(served(*(path for path in files.assets if path not in docs))) <= 154 * KILOBYTE
    assert len(gzip.compress(everything)) <= 10 * KILOBYTE


def test_the_first_load_fits_into_its_budget() -> None:
    """A page needs at most 10 modules before its own, and 31 kB with the style (decision 0061)."""
    files = static_files()
    found = ["app.js"]
    for path in found:
        for name in FROM.findall(files.assets[path].body.decode()):
            imported = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
            found += [imported] if imported not in found else []
    page = len(files.page.gzipped)

    assert len(found) <= 10
    assert page + len(served("style.css", *found)) <= 31 * KILOBYTE


def test_served_modules_have_no_comments_and_the_same_lines() -> None:
    for path in MODULES:
        body = static_files().assets[path.relative_to(STATIC).as_posix()].body.decode()
        assert body.count("\n") == text_of(path).count("\n")
        assert "/**" not in body
