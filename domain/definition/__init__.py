"""A definition: the steps and the trigger of a workflow, in immutable versions."""
