"""The vendored libraries are those that their README and the pinned packages name."""

import json
import re
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parents[2]
VENDOR = ROOT / "command_api" / "ui" / "static" / "vendor"
README = (VENDOR / "README.md").read_text(encoding="utf-8")
LOCK = json.loads((ROOT / ".ci" / "node" / "package-lock.json").read_text(encoding="utf-8"))
LIBRARIES = ("preact", "htm", "@preact/signals", "@preact/signals-core")


def test_the_bundle_has_the_hash_that_its_readme_names() -> None:
    found = sha256((VENDOR / "preact.js").read_bytes()).hexdigest()

    assert f"SHA-256: `{found}`" in README


def test_the_readme_names_the_pinned_versions() -> None:
    rows = dict(re.findall(r"^\| \[?(@?[\w/-]+)\]?[^|]*\| ([\d.]+) \|", README, re.MULTILINE))

    assert rows == {name: LOCK["packages"][f"node_modules/{name}"]["version"] for name in LIBRARIES}


def test_every_pinned_package_has_a_hash() -> None:
    packages = {path: one for path, one in LOCK["packages"].items() if path}

    assert [path for path, one in packages.items() if "integrity" not in one] == []
