"""The measured workflows: steps that do nothing, in sequence or in parallel."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from baton.domain.definition.graph import Compute, Graph

FUNCTION = "noop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """`width` steps in sequence, or in parallel with one more step that joins them."""

    name: str
    kind: Literal["sequence", "fan-out"]
    width: int

    @property
    def steps(self) -> int:
        """Return the number of steps per run."""
        return self.width if self.kind == "sequence" else self.width + 1

    def graph(self) -> Graph:
        """Return the graph of Baton's definition."""
        if self.kind == "sequence":
            return Graph(steps=tuple(self._in_a_row()))
        return Graph(steps=self._side_by_side(), flow="needs")

    def _in_a_row(self) -> list[Compute]:
        ids = [f"step-{number}" for number in range(self.width)]
        following = [*ids[1:], None]
        return [
            Compute(id=ident, function=FUNCTION, next=after)
            for ident, after in zip(ids, following, strict=True)
        ]

    def _side_by_side(self) -> tuple[Compute, ...]:
        ids = tuple(f"step-{number}" for number in range(self.width))
        return (
            *(Compute(id=ident, function=FUNCTION) for ident in ids),
            Compute(id="join", function=FUNCTION, needs=ids),
        )


SHAPES: Mapping[str, Shape] = {
    shape.name: shape
    for shape in (
        Shape(name="3-step", kind="sequence", width=3),
        Shape(name="10-step", kind="sequence", width=10),
        Shape(name="fan-out-100", kind="fan-out", width=100),
        # With the join it is the 1,000 steps that a definition may have.
        Shape(name="fan-out-1000", kind="fan-out", width=999),
    )
}
