"""The list of decisions has an entry for each decision."""

from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "decisions"


def test_the_list_has_every_decision_once_in_order_with_its_title() -> None:
    listed = [
        line
        for line in (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("- [")
    ]

    assert listed == [
        f"- [{path.read_text(encoding='utf-8').splitlines()[0].removeprefix('# ')}]({path.name})"
        for path in sorted(FOLDER.glob("0*.md"))
    ]
