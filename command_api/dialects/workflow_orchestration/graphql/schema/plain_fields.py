"""Fields that show an attribute of a record, read without the overhead of a resolver.

A page of 50 executions with their tasks has 1,300 such fields. For each of them the library builds
an object for resolvers and checks the kinds of types, which took three quarters of the page's time.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from graphql import (
    GraphQLField,
    GraphQLLeafType,
    GraphQLNonNull,
    GraphQLObjectType,
    Undefined,
    is_leaf_type,
)
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.schema_converter import GraphQLCoreConverter

from baton.domain.frozen import frozen

_NO_VALUE: Final = object()


@frozen
class PlainField:
    """A field without a resolver whose type is a scalar or an enumeration."""

    attribute: str
    type: GraphQLLeafType
    nullable: bool


class Execution(StrawberryGraphQLCoreExecutionContext):
    """Executes an operation; everything but plain fields goes the library's way."""

    def execute_fields(
        self, parent_type: Any, source_value: Any, path: Any, grouped_field_set: Any, *rest: Any
    ) -> Any:
        """Return the values of an object's fields; the common case is that all are plain."""
        plain_fields = _plain_fields_of(parent_type)
        names = [details[0].node.name.value for details in grouped_field_set.values()]
        if plain_fields.keys() >= set(names):
            values = [_value_of(plain_fields[name], source_value) for name in names]
            if _NO_VALUE not in values:
                return dict(zip(grouped_field_set, values, strict=True))
        return super().execute_fields(parent_type, source_value, path, grouped_field_set, *rest)

    def execute_field(
        self, parent_type: Any, source: Any, field_details_list: Any, *rest: Any
    ) -> Any:
        """Return the value of a field of an object that also has fields with resolvers."""
        plain = _plain_fields_of(parent_type).get(field_details_list[0].node.name.value)
        value = _NO_VALUE if plain is None else _value_of(plain, source)
        if value is _NO_VALUE:
            return super().execute_field(parent_type, source, field_details_list, *rest)
        return value


def _value_of(plain: PlainField, source: object) -> object:
    """Return the value of a field, or _NO_VALUE: then the library makes the error."""
    value = getattr(source, plain.attribute, None)
    if value is None:
        return None if plain.nullable else _NO_VALUE
    try:
        shown = plain.type.coerce_output_value(value)
    except Exception:  # noqa: BLE001 - whatever it is, the library meets it again
        return _NO_VALUE
    return _NO_VALUE if shown is None or shown is Undefined else shown


@cache
def _plain_fields_of(parent_type: GraphQLObjectType) -> Mapping[str, PlainField]:
    """Return the plain fields of an object type by name."""
    plain = {name: _plain_field(field) for name, field in parent_type.fields.items()}
    return {name: field for name, field in plain.items() if field is not None}


def _plain_field(field: GraphQLField) -> PlainField | None:
    definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    nullable = not isinstance(field.type, GraphQLNonNull)
    type_ = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
    if definition is None or not definition.is_basic_field or not is_leaf_type(type_):
        return None
    return PlainField(attribute=definition.python_name, type=type_, nullable=nullable)
