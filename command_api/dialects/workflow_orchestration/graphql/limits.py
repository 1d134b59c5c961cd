"""The limits of one operation: its depth, its aliases, and the number of values in its response.

They are measured on the document before it is validated, because the validation of a hostile
document takes long. A fragment counts each time it is spread. A cycle of fragments counts nothing
here; validation refuses it.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
)

MAX_DEPTH: Final = 12
MAX_INTROSPECTION_DEPTH: Final = 16
MAX_ALIASES: Final = 50
MAX_COMPLEXITY: Final = 10_000
"""Values of one response: each field counts one, times the length of each list around it."""
MAX_INTROSPECTION: Final = 60_000
"""The limit of values for introspection: twice what tools request when they fetch the schema."""
DEFAULT_PAGE: Final = 10
MAX_PAGE: Final = 500
"""Items of one page of a list."""

_PAGED: Final = frozenset(("webhooks", "workflowDefinitions", "workflowExecutions"))
_LENGTHS: Final[Mapping[str, int]] = {
    "blockers": 10,
    "milestones": 10,
    "synchronizationPoints": 10,
    "taskExecutions": 10,
    "tasks": 10,
    "args": 2,
    "directives": 6,
    "enumValues": 3,
    "fields": 5,
    "inputFields": 5,
    "interfaces": 2,
    "possibleTypes": 2,
    "types": 40,
}
"""The assumed length of lists without pages; the latter ones belong to introspection."""
_INTROSPECTION: Final = frozenset(("__schema", "__type"))


class LimitExceeded(Exception):
    """The document or operation is larger than the server answers; the message names the limit."""


class _Size(NamedTuple):
    """The measures of a selection."""

    depth: int = 0
    introspection_depth: int = 0
    aliases: int = 0
    cost: int = 0
    introspection_cost: int = 0

    def beside(self, other: "_Size") -> "_Size":
        return _Size(
            max(self.depth, other.depth),
            max(self.introspection_depth, other.introspection_depth),
            self.aliases + other.aliases,
            self.cost + other.cost,
            self.introspection_cost + other.introspection_cost,
        )


def check_limits(document: DocumentNode, variables: Mapping[str, object]) -> None:
    """Raise LimitExceeded if an operation of the document is too large."""
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            _check_operation(document, operation, variables)


def _check_operation(
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, object],
) -> None:
    size = _Measure(document, operation, variables).of(operation.selection_set)
    for measured, limit, noun in (
        (size.depth, MAX_DEPTH, "levels of fields"),
        (size.introspection_depth, MAX_INTROSPECTION_DEPTH, "levels of introspection"),
        (size.aliases, MAX_ALIASES, "aliases"),
        (size.cost, MAX_COMPLEXITY, "values"),
        (size.introspection_cost, MAX_INTROSPECTION, "values of introspection"),
    ):
        if measured > limit:
            raise LimitExceeded(f"An operation may have {limit} {noun}, not {_shown(measured)}")


def _shown(number: int) -> str:
    """Return a number as short text: nested fragments can make it astronomically large."""
    return str(number) if number < 10**12 else "over 10^12"


class _Measure:
    """Measures selections of one operation; each fragment is measured once."""

    def __init__(
        self,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, object],
    ) -> None:
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._measured: dict[str, _Size] = {}
        self._variables = {**dict(_defaults(operation)), **variables}

    def of(self, selected: SelectionSetNode | None) -> _Size:
        size = _Size()
        for selection in () if selected is None else selected.selections:
            size = size.beside(self._of_selection(selection))
        return size

    def _of_selection(self, selection: SelectionNode) -> _Size:
        if isinstance(selection, FieldNode):
            return self._of_field(selection)
        if isinstance(selection, InlineFragmentNode):
            return self.of(selection.selection_set)
        if isinstance(selection, FragmentSpreadNode):
            return self._of_fragment(selection.name.value)
        return _Size()

    def _of_fragment(self, name: str) -> _Size:
        if name not in self._measured:
            self._measured[name] = _Size()  # what a cycle finds
            fragment = self._fragments.get(name)
            self._measured[name] = self.of(fragment.selection_set if fragment else None)
        return self._measured[name]

    def _of_field(self, field: FieldNode) -> _Size:
        inside = self.of(field.selection_set)
        items = self._items(field)
        cost = 1 + items * inside.cost
        aliases = inside.aliases + (field.alias is not None)
        if field.name.value in _INTROSPECTION:
            depth = 1 + max(inside.depth, inside.introspection_depth)
            return _Size(0, depth, aliases, 0, cost + inside.introspection_cost)
        return _Size(
            1 + inside.depth,
            inside.introspection_depth,
            aliases,
            cost,
            items * inside.introspection_cost,
        )

    def _items(self, field: FieldNode) -> int:
        """Return the length of the list that a field is; 1 for a single value."""
        name = field.name.value
        return self._page(field) if name in _PAGED else _LENGTHS.get(name, 1)

    def _page(self, field: FieldNode) -> int:
        for argument in field.arguments or ():
            if argument.name.value != "first":
                continue
            value: object = None
            if isinstance(argument.value, IntValueNode):
                value = int(argument.value.value[:10])
            elif isinstance(argument.value, VariableNode):
                value = self._variables.get(argument.value.name.value)
            # Another value is refused when the operation is executed.
            return min(value, MAX_PAGE) if isinstance(value, int) and value > 0 else MAX_PAGE
        return DEFAULT_PAGE


def _defaults(operation: OperationDefinitionNode) -> Iterable[tuple[str, object]]:
    """Yield the default of each variable that has a whole number as default."""
    for defined in operation.variable_definitions or ():
        if isinstance(defined.default_value, IntValueNode):
            yield defined.variable.name.value, int(defined.default_value.value[:10])
