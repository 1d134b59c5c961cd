"""A graph as nodes and edges, and drawn in the languages of Mermaid and Graphviz."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from baton.command_api.own.definitions.case_words import short_condition, whole_condition
from baton.domain.definition.graph import Compute, Decision, Graph, Step
from baton.domain.run.flow import successor

MERMAID: Final = "text/vnd.mermaid; charset=utf-8"
DOT: Final = "text/vnd.graphviz; charset=utf-8"
_MERMAID_SHAPES: Final = {
    "compute": ("[", "]"),
    "decision": ("{", "}"),
    "delay": ("([", "])"),
    "sync": ("[[", "]]"),
}
_DOT_SHAPES: Final = {
    "compute": "box",
    "decision": "diamond",
    "delay": "ellipse",
    "sync": "doubleoctagon",
}
_KINDS: Final = {"compute": "function", "decision": "decide", "delay": "delay", "sync": "join"}


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge to a step that follows; one of a decision has its condition, short and in full."""

    source: str
    target: str
    label: str | None = None
    condition: str | None = None


def kind_of(step: Step) -> str:
    """Return the kind of a step, as a document names it."""
    return _KINDS[step.kind]


def labelled_edges(graph: Graph) -> Iterator[Edge]:
    """Yield the edges in the order of the steps; a decision has one for each of its cases."""
    for step in graph.steps:
        if graph.flow == "needs":
            yield from (Edge(need, step.id) for need in dict.fromkeys(step.needs))
        elif isinstance(step, Decision):
            yield from _choices(step)
        elif (after := successor(step, None)) is not None:
            yield Edge(step.id, after)


def mermaid(graph: Graph) -> str:
    """Return the graph as a Mermaid flowchart."""
    names = {step.id: f"s{number}" for number, step in enumerate(graph.steps)}
    lines = ["flowchart TD"]
    for step in graph.steps:
        begin, end = _MERMAID_SHAPES[step.kind]
        lines.append(f'  {names[step.id]}{begin}"{_mermaid_text(_title(step))}"{end}')
    for edge in labelled_edges(graph):
        label = "" if edge.label is None else f'|"{_mermaid_text(edge.label)}"|'
        lines.append(f"  {names[edge.source]} -->{label} {names[edge.target]}")
    return "\n".join(lines) + "\n"


def dot(graph: Graph) -> str:
    """Return the graph in Graphviz's language."""
    lines = ["digraph definition {"]
    for step in graph.steps:
        shape = _DOT_SHAPES[step.kind]
        lines.append(f"  {_dot_text(step.id)} [label={_dot_text(_title(step))}, shape={shape}];")
    for edge in labelled_edges(graph):
        label = "" if edge.label is None else f" [label={_dot_text(edge.label)}]"
        lines.append(f"  {_dot_text(edge.source)} -> {_dot_text(edge.target)}{label};")
    return "\n".join([*lines, "}"]) + "\n"


def _choices(step: Decision) -> Iterator[Edge]:
    for case in step.cases:
        if case.next is not None:
            yield Edge(step.id, case.next, short_condition(case), whole_condition(case))
    if step.default_next is not None:
        yield Edge(step.id, step.default_next, "else")


def _title(step: Step) -> str:
    called = step.function if isinstance(step, Compute) else kind_of(step)
    return f"{step.name or step.id}: {called}"


def _mermaid_text(text: str) -> str:
    """Return a text with everything but letters, digits and blanks as entities."""
    return "".join(
        character if character.isalnum() or character in " _-.:" else f"#{ord(character)};"
        for character in text
    )


def _dot_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
