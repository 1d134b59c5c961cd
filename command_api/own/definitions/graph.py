"""GET /definitions/{definition}/graph: the steps of a version and their successors, for drawing."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialect.rendering import without_none
from baton.command_api.http.query_parameters import choice, integer
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.definitions import drawing
from baton.command_api.own.definitions.load import body_of, load_by_reference
from baton.command_api.own.definitions.versions import MAX_VERSION
from baton.command_api.principal import READ
from baton.domain.definition.graph import Compute, Graph, Step
from baton.domain.json import JsonObject

_FORMATS: Final = ("json", "mermaid", "dot")


class GraphNode(BaseModel):
    """A step."""

    id: str
    kind: Literal["function", "decide", "delay", "join"]
    name: str | None = None
    function: str | None = None


class GraphEdge(BaseModel):
    """An edge to a step that follows.

    An edge of a decision has a `label`: the condition in a few words, or "else". `condition` is the
    whole condition.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    source: str = Field(alias="from")
    target: str = Field(alias="to")
    label: str | None = None
    condition: str | None = None


class DefinitionGraph(BaseModel):
    """The steps of a version and their edges; a run begins at the first step, or with `needs`."""

    version: int
    flow: Literal["next", "needs"]
    nodes: list[GraphNode]
    edges: list[GraphEdge]


async def _show(context: RequestContext) -> Reply:
    definition = await load_by_reference(context, context.params["definition"])
    version = integer(context.query, "version", definition.version, at_least=1, at_most=MAX_VERSION)
    graph = body_of(definition, version).graph
    match choice(context.query, "format", _FORMATS, "json"):
        case "mermaid":
            text = drawing.mermaid(graph)
            return Reply(status=200, body=text.encode(), content_type=drawing.MERMAID)
        case "dot":
            return Reply(status=200, body=drawing.dot(graph).encode(), content_type=drawing.DOT)
        case _:
            return context.reply(200, _rendered(version, graph))


def _rendered(version: int, graph: Graph) -> JsonObject:
    edges = [_edge(edge) for edge in drawing.labelled_edges(graph)]
    nodes = [_node(step) for step in graph.steps]
    return {"version": version, "flow": graph.flow, "nodes": nodes, "edges": edges}


def _edge(edge: drawing.Edge) -> JsonObject:
    ends = {"from": edge.source, "to": edge.target}
    return without_none({**ends, "label": edge.label, "condition": edge.condition})


def _node(step: Step) -> JsonObject:
    function = step.function if isinstance(step, Compute) else None
    return without_none(
        {"id": step.id, "kind": drawing.kind_of(step), "name": step.name, "function": function}
    )


_EXAMPLE: Final[JsonObject] = {
    "version": 1,
    "flow": "next",
    "nodes": [
        {"id": "validate", "kind": "function", "function": "validate-order"},
        {"id": "fulfill", "kind": "function", "function": "fulfill-order"},
    ],
    "edges": [{"from": "validate", "to": "fulfill"}],
}

ROUTES = (
    Route(
        method="GET",
        path="/definitions/{definition}/graph",
        handler=_show,
        scope=READ,
        as_of=True,
        summary="Get the graph of a definition as JSON, as a Mermaid flowchart or for Graphviz",
        operation_id="getDefinitionGraph",
        tag="Definitions",
        response=DefinitionGraph,
        query=(
            QueryParameter(
                name="version",
                schema={"type": "integer", "minimum": 1, "maximum": MAX_VERSION},
                description="By default the version in force",
            ),
            QueryParameter(
                name="format",
                schema={"type": "string", "enum": list(_FORMATS), "default": "json"},
            ),
        ),
        content={
            media.partition(";")[0]: {"type": "string"} for media in (drawing.MERMAID, drawing.DOT)
        },
        problems={
            400: "Invalid parameter",
            403: "The token lacks the scope",
            404: "The tenant has no such definition, or the definition no such version",
        },
    ),
)
