"""The pages for operators name only existing verbs, options, variables, metrics and pages."""

import re
from pathlib import Path

import pytest

from baton.settings import Settings
from tests.docs.pages import ROOT
from tests.docs.test_pages import leaves

PAGES = sorted(
    [
        ROOT / "docs" / "operating.md",
        ROOT / "docs" / "messages.md",
        *(ROOT / "docs").glob("decisions/*"),
    ]
)
BESIDE_SETTINGS = {"BATON_TRACEBACK", "BATON_UI_BUDGETS"}
VERB = re.compile(r"(?:^ {4}|`)baton ([a-z]+)( [a-z]+)?\b([^`\n#]*)", re.MULTILINE)


@pytest.fixture(params=PAGES, ids=lambda path: path.name)
def page(request: pytest.FixtureRequest) -> str:
    path: Path = request.param
    return path.read_text()


def test_every_verb_on_a_page_has_the_options_shown(page: str) -> None:
    known = leaves()
    groups = {words.split()[1] for words in known if words.count(" ") > 1}
    for verb, rest in verbs_of(page):
        if verb == "dev" or verb in groups:
            continue
        assert f"baton {verb}" in known, verb
        options = set(re.findall(r"--[a-z-]+", rest))
        assert options <= known[f"baton {verb}"] | {"--tenant"}, f"{verb} {options}"


def verbs_of(page: str) -> list[tuple[str, str]]:
    """Return the verbs that a page names, and the text behind each."""
    known, found = leaves(), []
    for verb, second, rest in VERB.findall(page):
        both = f"{verb}{second}"
        found.append((both, rest) if f"baton {both}" in known else (verb, second + rest))
    return found


def test_every_variable_on_a_page_is_a_setting(page: str) -> None:
    named = set(re.findall(r"BATON_[A-Z_]+", page)) - BESIDE_SETTINGS

    fields = [f"BATON_{name.upper()}" for name in Settings.model_fields]
    prefixes = {name for name in named if name.endswith("_")}  # written as BATON_KAFKA_…
    assert named - prefixes <= {*fields}
    assert all(any(name.startswith(prefix) for name in fields) for prefix in prefixes)


def test_every_metric_on_a_page_is_in_the_table(page: str) -> None:
    """`tests/metrics` compares the table with /metrics."""
    table = re.findall(
        r"^\| `(baton_\w+)`", (ROOT / "docs" / "operating.md").read_text(), re.MULTILINE
    )
    named = set(re.findall(r"\bbaton_(?:executor|scheduler|projector|relay|notary)_\w+", page))

    assert named - set(table) == set()


def test_every_link_on_a_page_resolves() -> None:
    for path in PAGES:
        for target in re.findall(r"\]\(([\w./-]+)[#)]", path.read_text()):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_the_operating_page_names_every_service() -> None:
    named = {verb for verb, _ in verbs_of((ROOT / "docs" / "operating.md").read_text())}

    assert named >= {"api", "executor", "projector", "scheduler", "worker", "up", "migrate"}
    assert named >= {"export", "import", "republish", "deadletters list", "deadletters redrive"}
