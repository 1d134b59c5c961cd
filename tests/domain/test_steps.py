"""The mapping of steps behaves like a dict that is copied for each change."""

from hypothesis import given
from hypothesis import strategies as st

from baton.domain.run.steps import Steps, StepState

CHANGES = st.lists(st.tuples(st.integers(0, 150).map(str), st.integers(1, 3)), max_size=400)


@given(CHANGES)
def test_steps_are_a_mapping_in_the_order_they_were_put(changes: list[tuple[str, int]]) -> None:
    steps, plain = Steps(), dict[str, StepState]()
    for step_id, visit in changes:
        steps = steps.put(step_id, StepState("running", visit, 1))
        plain[step_id] = StepState("running", visit, 1)

    assert list(steps.items()) == list(plain.items())
    assert len(steps) == len(plain)
    assert all(steps[each] == steps.get(each) == plain[each] for each in plain)
    assert [each in steps for each in ("0", "x")] == ["0" in plain, False]
    assert steps.get("x") is None


@given(CHANGES)
def test_earlier_mappings_do_not_see_later_changes(changes: list[tuple[str, int]]) -> None:
    versions = [Steps()]
    for step_id, visit in changes:
        versions.append(versions[-1].put(step_id, StepState("running", visit, 1)))

    for count, steps in enumerate(versions[:100]):
        assert dict(steps) == {of: StepState("running", visit, 1) for of, visit in changes[:count]}
