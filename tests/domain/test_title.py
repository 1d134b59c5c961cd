"""Titles of runs: templates with values of the input."""

import pytest

from baton.domain.definition.graph import Compute, Graph
from baton.domain.definition.messages import Body
from baton.domain.definition.title import MISSING, faults_of_title, title_of
from baton.domain.definition.trigger import ManualTrigger

INPUT = {"id": 7, "ok": True, "share": 0.5, "items": [{"sku": "a-1"}], "none": None, "text": "x"}


@pytest.mark.parametrize(
    ("template", "title"),
    [
        ("plain", "plain"),
        ("${input.id}/${input.text}", "7/x"),
        ("${input.ok} ${input.share}", "true 0.5"),
        ("${input.items.0.sku} ${input.items.1.sku}", f"a-1 {MISSING}"),
        ("${input.items} ${input.none} ${input.id.x}", f"{MISSING} {MISSING} {MISSING}"),
        ("$ {input.id} $${input.id}", "$ {input.id} $7"),
    ],
)
def test_a_title_holds_values_of_the_input(template: str, title: str) -> None:
    assert title_of(template, INPUT) == title


def test_a_long_title_is_cut() -> None:
    assert title_of("${input.text}${input.text}", {"text": "y" * 150}) == "y" * 199 + "…"
    assert title_of(None, INPUT) is None


@pytest.mark.parametrize(
    "template", ["", " ", "x" * 201, "a\nb", "${steps.a.output}", "${input}", "${input.a", "${}"]
)
def test_a_template_that_cannot_be_filled_in_is_a_fault(template: str) -> None:
    graph = Graph(steps=(Compute(id="only", function="answer"),))
    body = Body(name="n", trigger=ManualTrigger(), graph=graph, title=template)

    assert [fault.path for fault in faults_of_title(body)] == [("title",)]
