"""Reads the list of steps: in its order, with *next* pointers where they differ, or by *needs*."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypedDict

from baton.command_api.own.definitions.format.findings import (
    NOT_YET,
    Findings,
    Members,
    Path,
    as_members,
)
from baton.command_api.own.definitions.format.read_conditions import read_conditions
from baton.command_api.own.definitions.format.vocabulary import (
    END,
    KINDS,
    KINDS_LATER,
    MEMBERS_OF,
    OF_ANY_STEP,
    ON_FAILURE,
    ON_FAILURE_LATER,
    RETRY,
    RETRY_LATER,
    STEP,
    STEP_LATER,
    WHEN,
)
from baton.domain.definition.graph import (
    DEFAULT_TIMEOUT_MS,
    Case,
    Compute,
    Condition,
    Decision,
    Delay,
    Graph,
    Retry,
    Step,
    Sync,
)
from baton.domain.definition.validation import MAX_STEPS
from baton.domain.json import JsonObject

_NO_STEPS: Final = Graph(steps=())
_OnFailure = Literal["fail", "end"]


def read_steps(document: Members) -> Graph:
    """Return the graph of the member `steps`."""
    listed = document.array("steps")
    if "steps" not in document.value:
        document.fault("required", "steps")
    if not listed or len(listed) > MAX_STEPS:
        if listed is not None:
            document.fault(f"must have 1 to {MAX_STEPS} steps", "steps")
        return _NO_STEPS
    path: Path = (*document.path, "steps")
    flow: Literal["next", "needs"] = "needs" if any(map(_has_needs, listed)) else "next"
    after = _followers(listed, flow)
    read = [
        _StepReader(members, following).step()
        for index, (element, following) in enumerate(zip(listed, after, strict=True))
        if (members := as_members(element, (*path, index), document.findings)) is not None
    ]
    return Graph(steps=tuple(step for step in read if step is not None), flow=flow)


def _has_needs(step: object) -> bool:
    return isinstance(step, dict) and ("needs" in step or bool(step.get("join")))


def _followers(listed: Sequence[object], flow: str) -> list[str | None]:
    """Return for each step the id of the one that follows it in the list."""
    ids = [element.get("id") if isinstance(element, dict) else None for element in listed]
    following = [ident if isinstance(ident, str) else None for ident in ids[1:]]
    return [*following, None] if flow == "next" else [None] * len(listed)


class _Common(TypedDict):
    """The members of every kind of step."""

    name: str | None
    description: str | None
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _StepReader:
    """Reads one step; `following` is the id of the next one in the list."""

    members: Members
    following: str | None

    def step(self) -> Step | None:
        """Return the step, None if it has no single kind that is known."""
        kind, ident = self._kind(), self.members.text("id", required=True)
        if kind is None or ident is None:
            return None
        self.members.only((*STEP, kind, *MEMBERS_OF[kind]), STEP_LATER)
        match kind:
            case "function":
                return self._compute(ident)
            case "decide":
                return self._decision(ident)
            case "delay":
                delay_ms = self.members.duration("delay") or 0
                return Delay(
                    id=ident,
                    delay_ms=delay_ms,
                    next=self._next(),
                    when=self._when(),
                    **self._common(),
                )
            case _:
                return self._sync(ident)

    def _kind(self) -> str | None:
        members = self.members
        kinds = [known_kind for known_kind in KINDS if known_kind in members.value]
        for kind in KINDS_LATER:
            if kind in members.value:
                members.fault(NOT_YET, kind)
        if len(kinds) > 1:
            members.fault(f"can't be combined with {kinds[0]}", kinds[1])
        elif not kinds and not any(later_kind in members.value for later_kind in KINDS_LATER):
            members.fault(f"must have one of {', '.join(KINDS)}")
            members.only(OF_ANY_STEP, STEP_LATER)
        return kinds[0] if len(kinds) == 1 else None

    def _common(self) -> _Common:
        members = self.members
        return _Common(
            name=members.text("name", literal=True),
            description=members.text("description", literal=True),
            needs=self._ids("needs"),
        )

    def _compute(self, ident: str) -> Compute:
        members = self.members
        timeout_ms = members.duration("timeout")
        return Compute(
            id=ident,
            function=members.text("function") or "",
            config=self._config(),
            timeout_ms=DEFAULT_TIMEOUT_MS if timeout_ms is None else timeout_ms,
            retry=self._retry(),
            next=self._next(),
            on_failure=self._on_failure(),
            when=self._when(),
            **self._common(),
        )

    def _decision(self, ident: str) -> Decision:
        cases = self.members.array("decide") or []
        read = [self._case(case, index) for index, case in enumerate(cases)]
        return Decision(
            id=ident,
            cases=tuple(case for case in read if case is not None),
            default_next=self._next("else"),
            when=self._when(),
            **self._common(),
        )

    def _case(self, value: object, index: int) -> Case | None:
        path = (*self.members.path, "decide", index)
        members = as_members(value, path, self.members.findings)
        if members is None:
            return None
        members.only(("if", "next"))
        for name in ("if", "next"):
            if name not in members.value:
                members.fault("required", name)
        tests = members.value.get("if", [])
        conditions = read_conditions(tests, (*path, "if"), members.findings)
        return Case(conditions=conditions, next=_target(members, "next", None))

    def _sync(self, ident: str) -> Sync:
        joined, common = self._ids("join"), self._common()
        common["needs"] = (*joined, *(need for need in common["needs"] if need not in joined))
        return Sync(
            id=ident,
            timeout_ms=self.members.duration("timeout"),
            next=self._next(),
            when=self._when(),
            **common,
        )

    def _when(self) -> tuple[Condition, ...]:
        members = self.members
        if WHEN not in members.value:
            return ()
        return read_conditions(members.value[WHEN], (*members.path, WHEN), members.findings)

    def _next(self, name: str = "next") -> str | None:
        return _target(self.members, name, self.following)

    def _ids(self, name: str) -> tuple[str, ...]:
        read: list[str] = []
        for index, element in enumerate(self.members.array(name) or ()):
            if isinstance(element, str):
                read.append(element)
            else:
                message = NOT_YET if isinstance(element, dict) else "must be the id of a step"
                self.members.fault(message, name, index)
        return tuple(read)

    def _config(self) -> JsonObject | None:
        if "config" not in self.members.value:
            return None
        path = (*self.members.path, "config")
        config = as_members(self.members.value["config"], path, self.members.findings)
        if config is None:
            return None
        _refuse_references(config.value, path, self.members.findings)
        return config.value

    def _retry(self) -> Retry | None:
        if "retry" not in self.members.value:
            return None
        value, path = self.members.value["retry"], (*self.members.path, "retry")
        if isinstance(value, list):
            self.members.fault(NOT_YET, "retry")
            return None
        retry = as_members(value, path, self.members.findings)
        if retry is None:
            return None
        retry.only(RETRY, RETRY_LATER)
        if "attempts" not in retry.value:
            retry.fault("required", "attempts")
        default = Retry()
        attempts, backoff_ms = retry.integer("attempts"), retry.duration("backoff")
        factor = retry.number("factor")
        return Retry(
            max_attempts=default.max_attempts if attempts is None else attempts,
            backoff_ms=default.backoff_ms if backoff_ms is None else backoff_ms,
            multiplier=default.multiplier if factor is None else factor,
        )

    def _on_failure(self) -> _OnFailure | None:
        allowed: tuple[_OnFailure, ...] = ON_FAILURE
        return self.members.choice("on_failure", allowed, ON_FAILURE_LATER)


def _target(members: Members, name: str, following: str | None) -> str | None:
    """Return the id of the step that a member leads to; None ends the run."""
    target = members.text(name)
    if target is None:
        return following
    if target == END:
        return None
    if target.startswith("$"):
        members.fault(f"must be the id of a step, or {END}", name)
    return target


def _refuse_references(config: object, path: Path, findings: Findings) -> None:
    """Add a fault for each member of a configuration that begins with `$`: none has a meaning."""
    if isinstance(config, dict):
        for name, value in config.items():
            if name.startswith("$"):
                findings.add(NOT_YET, (*path, name))
            _refuse_references(value, (*path, name), findings)
    elif isinstance(config, list):
        for index, value in enumerate(config):
            _refuse_references(value, (*path, index), findings)
