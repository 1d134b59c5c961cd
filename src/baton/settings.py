"""The settings of a process, read once when it starts.

Every variable X may also come from a file: X_FILE names it. Flags take precedence over environment
variables, those over `baton.toml`, and that over defaults. The variable of a field is its name in
capitals after `BATON_`; its key in `baton.toml` is its name.
"""

from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from baton.command_api.budgets.limits import Limits
from baton.command_api.principal import TENANT_PATTERN
from baton.domain.delivery.decisions import BACKOFF_MS
from baton.eventlog.notary.anchors import path_of
from baton.protocols.trace_context import TraceParent
from baton.setting_sources import FILE, PREFIX, FilesSource, TomlSource
from baton.setting_types import (
    AnchorAddress,
    AnchorSecret,
    AuditKeyTexts,
    Backoff,
    CollectorUrl,
    Headers,
    JwksUrl,
    JwtSecrets,
    SealKeys,
    SigningSecret,
    Texts,
    TraceKeep,
    TraceUrl,
)

_LIMITS = Limits()
_BACKOFF_S: Final = tuple(ms / 1_000 for ms in BACKOFF_MS)
DEFAULT_DATA = Path(".baton")
QUEUE_NAME = r"^[A-Za-z0-9._-]{1,100}$"
"""Pattern of a queue's name, which becomes a part of a topic's name."""


class DeclaredFunction(BaseModel):
    """A `[functions.NAME]` of baton.toml: called over HTTP (`url`) or by workers (`queue`)."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    url: str | None = None
    id: str | None = None
    timeout_ms: int | None = Field(default=None, gt=0)
    queue: str | None = Field(default=None, pattern=QUEUE_NAME)
    secret: SecretStr | None = None

    @model_validator(mode="after")
    def _has_url_or_queue(self) -> Self:
        if (self.url is None) == (self.queue is None):
            message = "must have either a url or a queue"
            raise ValueError(message)
        if self.queue is not None and (self.timeout_ms is not None or self.secret is not None):
            message = (
                "timeout_ms and secret need a url: a task of a queue has the timeout of its step"
            )
            raise ValueError(message)
        return self


class Settings(BaseSettings):
    """The effective configuration of one process."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, toml_file=FILE, extra="ignore", frozen=True
    )

    data: Path = DEFAULT_DATA
    store: str = ""
    log: str = "memory:"
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65_535)
    jwt_secret: JwtSecrets | None = None
    seal_key: SealKeys | None = None
    jwt_jwks_url: JwksUrl | None = None
    jwt_issuer: str | None = None
    jwt_audience: str | None = None
    require_dag_signature: bool = False
    dag_signing_secret: SigningSecret | None = None
    dag_signing_jwks: Path | None = None
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_SSL", "SASL_PLAINTEXT"] | None = None
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    kafka_username: str | None = None
    kafka_password: SecretStr | None = None
    kafka_ca_file: Path | None = None
    kafka_cert_file: Path | None = None
    kafka_key_file: Path | None = None
    records_topic: str = "baton.records"
    topic_prefix: str = "baton."
    functions: Texts = ()
    declared_functions: dict[str, DeclaredFunction] = Field(default_factory=dict)
    functions_allow_private: Literal["loopback"] | bool = False
    functions_wait_ms: int = Field(default=300_000, ge=0)
    functions_max_hung_threads: int = Field(default=100, ge=1)
    webhooks_allow_private: bool = False
    webhook_backoff: Backoff = _BACKOFF_S
    webhook_retention_days: int = Field(default=30, ge=0, le=36_500)
    notary: bool = True
    audit_key: AuditKeyTexts | None = None
    audit_name: str = Field(default="baton", pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$")
    audit_anchor: AnchorAddress | None = None
    audit_anchor_secret: AnchorSecret | None = None
    operator_tenant: str | None = Field(default=None, pattern=f"^{TENANT_PATTERN.pattern}$")
    hosts: Texts = ()
    ui_insecure: bool = False
    limit_head_s: float = Field(default=_LIMITS.head_s, ge=0)
    limit_body_s: float = Field(default=_LIMITS.body_s, ge=0)
    limit_body_bytes_per_s: int = Field(default=_LIMITS.body_bytes_per_s, ge=0)
    limit_json_values: int = Field(default=_LIMITS.json_values, ge=0)
    limit_peer_connections: int = Field(default=_LIMITS.peer_connections, ge=0)
    limit_peer_bytes: int = Field(default=_LIMITS.peer_bytes, ge=0)
    limit_failed_authentications: int = Field(default=_LIMITS.failed_authentications.burst, ge=0)
    limit_failed_authentications_per_s: float = Field(
        default=_LIMITS.failed_authentications.per_s, ge=0
    )
    limit_logins: int = Field(default=_LIMITS.logins.burst, ge=0)
    limit_logins_per_s: float = Field(default=_LIMITS.logins.per_s, ge=0)
    limit_webhook_calls: int = Field(default=_LIMITS.webhook_calls.burst, ge=0)
    limit_webhook_calls_per_s: float = Field(default=_LIMITS.webhook_calls.per_s, ge=0)
    limit_webhook_open_runs: int = Field(default=_LIMITS.webhook_open_runs, ge=0)
    limit_tenant_open_runs: int = Field(default=_LIMITS.tenant_open_runs, ge=0)
    limit_tenant_streams: int = Field(default=1_000, ge=0)
    tenant_weights: dict[str, Annotated[int, Field(ge=1, le=1_000)]] = Field(default_factory=dict)
    limit_run_bytes: int = Field(default=64 * 1024 * 1024, ge=0)
    limit_answer_bytes: int = Field(default=8 * 1024 * 1024, ge=0)
    views_rebuild_rate: int = Field(default=10_000, ge=0)
    otlp_endpoint: CollectorUrl | None = None
    otlp_headers: Headers | None = None
    trace_url: TraceUrl | None = None
    trace_parent: TraceParent | None = None
    trace_keep: TraceKeep | None = None
    url: str = "http://127.0.0.1:8080"
    token: SecretStr | None = None

    @model_validator(mode="after")
    def _check_anchor_is_signed(self) -> Self:
        anchor = self.audit_anchor
        if anchor is not None and path_of(anchor) is None and self.audit_anchor_secret is None:
            message = (
                "audit_anchor_secret is required for an https:// anchor"
                " (BATON_AUDIT_ANCHOR_SECRET): its receiver verifies who sent a head"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _check_audience(self) -> Self:
        if self.jwt_jwks_url is not None and not self.jwt_audience:
            message = (
                "jwt_audience is required with jwt_jwks_url (BATON_JWT_AUDIENCE): the provider"
                " also signs tokens for other services"
            )
            raise ValueError(message)
        return self

    @property
    def store_url(self) -> str:
        """The address of the store; the default is SQLite in the data folder."""
        return self.store or f"sqlite:///{self.data / 'baton.db'}"

    @property
    def data_folder(self) -> Path:
        """The folder of the embedded store."""
        if not self.store:
            return self.data
        from baton.backend_choice import is_embedded  # noqa: PLC0415 - only a configured store needs it

        _, _, path = self.store.partition(":///")
        return Path(path).parent if path and is_embedded(self.store) else self.data

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library calls it with all
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources; an earlier one takes precedence."""
        return init_settings, env_settings, FilesSource(settings_cls), TomlSource(settings_cls)
