"""Reads the collector and the sampling of traces from the settings and OpenTelemetry's variables.

OpenTelemetry itself is imported only to export spans, so a process without traces doesn't load it.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from baton.domain.ids import function_uuid
from baton.executor.functions.built_ins import HTTP
from baton.executor.functions.registry import function_identity
from baton.executor.traced_calls import WithinSpan
from baton.projector.traces.keep import Keep
from baton.protocols.trace_context import ALL_TRACES, Sampling
from baton.setting_types import parse_keep, split_headers
from baton.settings import Settings

if TYPE_CHECKING:
    from baton.scheduler.traces.otlp import OtlpExporter

DRIVER: Final = "opentelemetry.exporter.otlp.proto.http"
MISSING: Final = "Traces need an extra: pip install 'baton-orchestrator[otlp]'"
_PATH: Final = "/v1/traces"
_SAMPLERS: Final[Mapping[str, tuple[float | None, bool]]] = {
    "always_on": (1.0, False),
    "always_off": (0.0, False),
    "traceidratio": (None, False),
    "parentbased_always_on": (1.0, True),
    "parentbased_always_off": (0.0, True),
    "parentbased_traceidratio": (None, True),
}
"""The ratio (None takes OTEL_TRACES_SAMPLER_ARG), and whether the caller's decision counts."""

_log = logging.getLogger("baton.traces")


@dataclass(frozen=True, slots=True)
class Collector:
    """The OTLP/HTTP address of a collector; without `headers` OpenTelemetry reads its variables."""

    url: str
    headers: Mapping[str, str] | None


def collector_of(settings: Settings) -> Collector | None:
    """Return the collector that gets the spans, None if traces are off.

    BATON_OTLP_ENDPOINT takes precedence over OpenTelemetry's own variables, which are ignored,
    with a warning, where the extra isn't installed.
    """
    headers = settings.otlp_headers
    header_list = None if headers is None else split_headers(headers.get_secret_value())
    if settings.otlp_endpoint:
        return Collector(_with_path(settings.otlp_endpoint), header_list)
    url = _url_of_environment()
    if url is not None and not _is_installed():
        _log.warning("no traces are sent to %s: %s", url, MISSING)
        return None
    return None if url is None else Collector(url, header_list)


def sampling_of(settings: Settings) -> Sampling | None:
    """Return the traces that are exported, None if traces are off; raises LookupError."""
    if collector_of(settings) is None:
        return None
    name = _variable("OTEL_TRACES_SAMPLER")
    if not name:
        return ALL_TRACES
    if name not in _SAMPLERS:
        raise LookupError(f"OTEL_TRACES_SAMPLER: {name} is unknown: use {', '.join(_SAMPLERS)}")
    ratio, by_parent = _SAMPLERS[name]
    return Sampling(ratio=_ratio() if ratio is None else ratio, by_parent=by_parent)


def keep_of(settings: Settings) -> Keep | None:
    """Return the rules that choose runs to export at their end, None if all are exported."""
    return None if settings.trace_keep is None else parse_keep(settings.trace_keep)


def http_functions_of(settings: Settings) -> frozenset[str]:
    """Return the names of the functions that are called over HTTP, with the built-in one."""
    found = {HTTP, function_uuid(HTTP)}
    for name, entry in settings.declared_functions.items():
        if entry.url is not None:
            uuid, aliases = function_identity(name, entry.id)
            found.update((name, uuid, *aliases))
    return frozenset(found)


def open_exporter(collector: Collector, *, version: str) -> "OtlpExporter":
    """Return the exporter to a collector; raises LookupError if the extra isn't installed."""
    if not _is_installed():
        raise LookupError(MISSING)
    from baton.scheduler.traces.otlp import OtlpExporter  # noqa: PLC0415 - loads OpenTelemetry

    return OtlpExporter(collector.url, headers=collector.headers, version=version)


def within_span_of() -> WithinSpan:
    """Return a function that makes an attempt the parent of its function's spans.

    Without the extra, functions can still read the `traceparent` of their attempt.
    """
    if not _is_installed():
        return _within_nothing
    from baton.scheduler.traces.otlp import within_span  # noqa: PLC0415 - loads OpenTelemetry

    return within_span


@contextmanager
def _within_nothing(trace_id: str, span_id: str, *, exported: bool) -> Iterator[None]:  # noqa: ARG001 - has the shape of WithinSpan
    yield


def _is_installed() -> bool:
    try:
        return find_spec(DRIVER) is not None
    except ModuleNotFoundError:
        return False


def _url_of_environment() -> str | None:
    """Return the address in OpenTelemetry's variables, None if they turn traces off."""
    if _variable("OTEL_SDK_DISABLED") == "true" or _variable("OTEL_TRACES_EXPORTER") == "none":
        return None
    if whole := os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        return whole
    base = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    return _with_path(base) if base else None


def _with_path(base: str) -> str:
    base = base.rstrip("/")
    return base if base.endswith(_PATH) else f"{base}{_PATH}"


def _variable(name: str) -> str:
    return os.environ.get(name, "").strip().lower()


def _ratio() -> float:
    text = _variable("OTEL_TRACES_SAMPLER_ARG") or "1"
    try:
        ratio = float(text)
    except ValueError:
        ratio = -1.0
    if not 0 <= ratio <= 1:
        raise LookupError(f"OTEL_TRACES_SAMPLER_ARG: {text} must be a number from 0 to 1")
    return ratio
