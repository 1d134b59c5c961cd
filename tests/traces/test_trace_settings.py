"""Which spans are exported, and where: the settings, OpenTelemetry's variables, the extra."""

import subprocess
import sys
from collections.abc import Mapping

import pytest
from pydantic import SecretStr, ValidationError

from baton.domain.ids import function_uuid
from baton.projector.traces.keep import Keep
from baton.protocols.trace_context import ALL_TRACES, Sampling
from baton.settings import DeclaredFunction, Settings
from baton.trace_settings import (
    DRIVER,
    MISSING,
    Collector,
    collector_of,
    http_functions_of,
    keep_of,
    open_exporter,
    sampling_of,
    within_span_of,
)

ON = Settings(otlp_endpoint="http://one:4318/", otlp_headers=SecretStr("a=b, c=d=e"))


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ENDPOINT", "TRACES_ENDPOINT"):
        monkeypatch.delenv(f"OTEL_EXPORTER_OTLP_{name}", raising=False)


def given(monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"OTEL_{name}", value)


def test_no_trace_is_exported_by_default() -> None:
    assert collector_of(Settings()) is None
    assert sampling_of(Settings()) is None


def test_nothing_of_opentelemetry_is_loaded_while_traces_are_off() -> None:
    program = "import sys, baton.wiring; sys.exit('opentelemetry' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_setting_has_precedence_and_its_path_is_added(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, {"EXPORTER_OTLP_ENDPOINT": "http://two:4318", "SDK_DISABLED": "true"})

    assert collector_of(ON) == Collector("http://one:4318/v1/traces", {"a": "b", "c": "d=e"})


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        ({"EXPORTER_OTLP_ENDPOINT": "http://two:4318"}, "http://two:4318/v1/traces"),
        ({"EXPORTER_OTLP_TRACES_ENDPOINT": "http://two/t"}, "http://two/t"),
        ({"EXPORTER_OTLP_ENDPOINT": "http://two", "TRACES_EXPORTER": "none"}, None),
        ({"EXPORTER_OTLP_ENDPOINT": "http://two", "SDK_DISABLED": "TRUE"}, None),
    ],
)
def test_the_variables_of_opentelemetry_switch_traces_on_and_off(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], url: str | None
) -> None:
    given(monkeypatch, variables)

    assert collector_of(Settings()) == (url and Collector(url, None))


@pytest.mark.parametrize(
    ("variables", "sampling"),
    [
        ({}, ALL_TRACES),
        ({"TRACES_SAMPLER": "always_on"}, Sampling(by_parent=False)),
        ({"TRACES_SAMPLER": "parentbased_always_off"}, Sampling(ratio=0)),
        (
            {"TRACES_SAMPLER": "parentbased_traceidratio", "TRACES_SAMPLER_ARG": "0.25"},
            Sampling(ratio=0.25),
        ),
    ],
)
def test_the_sampler_of_opentelemetry_chooses_traces(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], sampling: Sampling
) -> None:
    given(monkeypatch, variables)

    assert sampling_of(ON) == sampling


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"TRACES_SAMPLER": "sometimes"}, "OTEL_TRACES_SAMPLER: sometimes is unknown"),
        (
            {"TRACES_SAMPLER": "traceidratio", "TRACES_SAMPLER_ARG": "two"},
            "OTEL_TRACES_SAMPLER_ARG: two must be a number from 0 to 1",
        ),
    ],
)
def test_a_sampler_that_is_unknown_is_refused(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], message: str
) -> None:
    given(monkeypatch, variables)

    with pytest.raises(LookupError, match=message):
        sampling_of(ON)


@pytest.mark.parametrize(
    ("text", "keep"),
    [
        ("failed", Keep(failed=True)),
        ("slower:30s", Keep(slower_ms=30_000)),
        ("failed, slower:1500ms", Keep(failed=True, slower_ms=1_500)),
    ],
)
def test_rules_choose_the_runs_to_keep(text: str, keep: Keep) -> None:
    assert keep_of(Settings(trace_keep=text)) == keep
    assert keep_of(Settings()) is None


def test_the_functions_called_over_http_are_known_by_each_of_their_names() -> None:
    pay = DeclaredFunction(url="https://pay.test", id="pay-1")
    train = DeclaredFunction(queue="gpu")
    settings = Settings(declared_functions={"pay": pay, "train": train})

    assert http_functions_of(settings) == {
        *("http", function_uuid("http")),
        *("pay", "pay-1", function_uuid("pay")),
    }


def test_without_the_extra_the_setting_is_refused_and_the_variables_are_ignored(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The variables may be meant for other programs; functions run on in either case."""
    monkeypatch.setitem(sys.modules, DRIVER, None)
    given(monkeypatch, {"EXPORTER_OTLP_ENDPOINT": "http://two:4318"})

    with pytest.raises(LookupError, match="pip install 'baton-orchestrator"):
        open_exporter(Collector("http://one", None), version="1")
    assert collector_of(Settings()) is None
    assert MISSING in caplog.text
    with within_span_of()("a" * 32, "b" * 16, exported=True):
        pass


@pytest.mark.parametrize(
    "wrong",
    [
        {"otlp_endpoint": "collector:4318"},
        {"otlp_headers": "authorization"},
        {"otlp_headers": "authorization=,secret"},
        {"trace_url": "https://tempo.test"},
        {"trace_url": "javascript:{trace_id}"},
        {"trace_keep": ""},
        {"trace_keep": "slower"},
        {"trace_keep": "failed,faster:3s"},
    ],
)
def test_a_wrong_setting_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="must be") as refused:
        Settings.model_validate(wrong)
    assert "secret" not in str(refused.value.errors(include_input=False))
