"""`baton backtest`: tries a changed definition on recorded runs."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from baton.cli.option_checks import check_input, check_tenant
from baton.cli.options import AsJson, DataFolder, DialectName, Since
from baton.cli.terminal.failures import Failed

if TYPE_CHECKING:
    from baton.cli.backtest.exported_runs import Recordings
    from baton.cli.server.validate_definition import ValidDefinition
    from baton.domain.backtest.candidate import Candidate
    from baton.domain.backtest.report import Report
    from baton.domain.definition.state import State as Definition

_MAX_JOBS: Final = 64
_STATUSES: Final = ("pending", "running", "paused", "completed", "failed", "cancelled")


def _checked_statuses(statuses: list[str] | None) -> list[str] | None:
    for status in statuses or ():
        if status not in _STATUSES:
            raise typer.BadParameter(f"{status!r} isn't one of {', '.join(_STATUSES)}")
    return statuses


def _checked_names(pairs: list[str] | None) -> list[str] | None:
    for pair in pairs or ():
        new, equals, old = pair.partition("=")
        if not (new and equals and old):
            raise typer.BadParameter(f"{pair!r} isn't NEW=OLD, two step ids")
    return pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """The changed definition, and the options of the verb."""

    changed: "ValidDefinition"
    against: str
    tenant: str | None
    last: int
    since: int
    statuses: frozenset[str] | None
    ids: frozenset[str] | None
    names: dict[str, str]
    stubs: dict[str, Any]
    jobs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    report: "Report"
    against: "Definition"
    seconds: float


def backtest(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", callback=check_input, help="JSON or YAML; - is stdin.")
    ],
    against: Annotated[
        str,
        typer.Option(
            "--against", metavar="ID", help="Id or slug of the definition with the recorded runs."
        ),
    ],
    last: Annotated[
        int,
        typer.Option(
            "--last", metavar="N", min=1, max=1_000_000, help="Only the newest N of the runs."
        ),
    ] = 1_000_000,
    since: Since = None,
    status: Annotated[
        list[str] | None,
        typer.Option(
            "--status",
            metavar="S",
            callback=_checked_statuses,
            help="Only runs with this status; may be repeated.",
        ),
    ] = None,
    ids: Annotated[
        list[str] | None,
        typer.Option("--run", metavar="RUN", help="Only this run; may be repeated."),
    ] = None,
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="NEW=OLD",
            callback=_checked_names,
            help="Give step NEW the recorded outcomes of step OLD; may be repeated.",
        ),
    ] = None,
    stub: Annotated[
        Path | None,
        typer.Option(
            "--stub",
            metavar="FILE",
            callback=check_input,
            show_default="none",
            help="JSON or YAML: outputs by step id, for steps without a recorded outcome.",
        ),
    ] = None,
    jobs: Annotated[
        int,
        typer.Option("--jobs", metavar="N", min=1, max=_MAX_JOBS, help="Processes that replay."),
    ] = 1,
    fail_on_difference: Annotated[
        bool,
        typer.Option("--fail-on-difference", help="Exit 1 unless every run takes the same path."),
    ] = False,
    dialect: DialectName = None,
    tenant: Annotated[
        str | None,
        typer.Option(
            "--tenant",
            metavar="T",
            callback=check_tenant,
            show_default="looked up in the views",
            help="Tenant of the definition.",
        ),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(
            "--export",
            metavar="FILE",
            callback=check_input,
            show_default="none",
            help="Read this output of `baton export` instead of a store.",
        ),
    ] = None,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Try the definition in FILE on recorded runs, and list those that would take another path.

    Its decisions are evaluated with the recorded outcomes of steps. No function is called, and
    nothing is stored. Services may run meanwhile.
    """
    from baton.cli.backtest.show_report import print_report, subjects
    from baton.cli.event_loop import run_async
    from baton.cli.terminal.output import print_json
    from baton.command_api.own.backtests.render_report import render_report
    from baton.eventlog.process_priority import lower_priority

    lower_priority()
    request = _Request(
        changed=_changed(file, dialect),
        against=against,
        tenant=tenant,
        last=last,
        since=since or 0,
        statuses=_set(status),
        ids=_set(ids),
        names=dict(pair.split("=", 1) for pair in names or ()),
        stubs={} if stub is None else _stubs(stub),
        jobs=jobs,
    )
    if export is not None and data is not None:
        raise typer.BadParameter("give --export or --data, not both", param_hint="'--export'")
    with _recordings(export, data) as recordings:
        tested = run_async(_backtest(recordings, request))
    if as_json:
        print_json(render_report(tested.report, subjects(request.changed.body, tested.against)))
    else:
        print_report(tested.report, tested.seconds)
    report = tested.report
    if fail_on_difference and report.runs != report.counts["same"]:
        raise Failed(f"{report.runs - report.counts['same']} of {report.runs} runs would differ")


@contextmanager
def _recordings(export: Path | None, data: Path | None) -> "Iterator[Recordings]":
    """Yield the store with the recorded runs; the store of an export is deleted afterwards."""
    from baton.cli.backtest.exported_runs import Recordings, loaded_export
    from baton.cli.data.store_checks import require_data, require_durable
    from baton.cli.load_settings import load_settings

    if export is not None:
        with loaded_export(export) as loaded:
            yield loaded
        return
    settings = load_settings(data=data)
    require_durable(settings)
    require_data(settings)
    yield Recordings(settings=settings)


def _changed(file: Path, dialect: str | None) -> "ValidDefinition":
    from baton.cli.documents import load_document
    from baton.cli.server.definition_apis import naming
    from baton.cli.server.validate_definition import validate_document

    document = load_document(file)
    with naming(file):
        return validate_document(document, dialect, lenient=False)


def _stubs(file: Path) -> dict[str, Any]:
    from baton.cli.documents import load_document

    stubs = load_document(file)
    if not isinstance(stubs, dict):
        raise Failed(f"{file} must hold an object: the output of each step by its id")
    return stubs


def _set(values: Iterable[str] | None) -> frozenset[str] | None:
    return frozenset(values) if values else None


async def _backtest(recordings: "Recordings", request: _Request) -> _Result:
    import time

    from baton.cli.backtest.recorded_definition import recorded_definition
    from baton.cli.terminal.progress import progress_bar
    from baton.eventlog.backtests.backtest import Backtest
    from baton.eventlog.backtests.selection import RunSelection, choose_runs
    from baton.eventlog.run_values import RunValues
    from baton.process_memory import collect_garbage_less_often
    from baton.stores import open_stores

    collect_garbage_less_often()
    stores = await open_stores(recordings.settings, read_only=True, sealing="none")
    try:
        tenants = recordings.tenants if request.tenant is None else {request.tenant}
        recorded = await recorded_definition(stores, request.against, tenants)
        candidate = _candidate(recorded, request)
        began = time.perf_counter()
        with progress_bar("Choosing runs", "positions") as progress:
            selection = RunSelection(
                tenant=recorded.tenant,
                definition_id=recorded.definition_id,
                last=request.last,
                since=request.since,
                statuses=request.statuses,
                ids=request.ids,
            )
            chosen = await choose_runs(stores.leaves, selection, progress=progress)
        backtest = Backtest(stores.leaves, RunValues(stores.artifacts), chosen, candidate)
        processes = 0 if request.jobs == 1 else request.jobs
        with progress_bar("Replaying", "runs") as progress:
            report = await backtest.run(processes=processes, progress=progress)
        return _Result(report=report, against=recorded, seconds=time.perf_counter() - began)
    finally:
        await stores.close()


def _candidate(recorded: "Definition", request: _Request) -> "Candidate":
    from baton.domain.backtest.candidate import candidate_of
    from baton.domain.errors import Invalid

    try:
        return candidate_of(
            recorded, request.changed.body, recorded_as=request.names, stubs=request.stubs
        )
    except Invalid as invalid:
        first = invalid.faults[0]
        option = "--map" if first.path[0] == "map" else "--stub"
        message = f"'{first.path[1]}' {first.message}"
        raise typer.BadParameter(message, param_hint=f"'{option}'") from None
