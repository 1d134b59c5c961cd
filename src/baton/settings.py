"""The settings of a process, read once when it starts.

Flags take precedence over environment variables, those over `baton.toml`, and that over defaults.
The variable of a field is its name in capitals after `BATON_`; its key in `baton.toml` is its name.
"""

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

DEFAULT_DATA = Path(".baton")
MIN_SECRET_BYTES = 32
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
        env_prefix="BATON_", toml_file="baton.toml", extra="ignore", frozen=True
    )

    data: Path = DEFAULT_DATA
    store: str = ""
    log: str = "memory:"
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65_535)
    jwt_secret: SecretStr | None = None
    jwt_jwks_url: str | None = None
    jwt_issuer: str | None = None
    jwt_audience: str | None = None
    records_topic: str = "baton.records"
    topic_prefix: str = "baton."
    functions: Annotated[tuple[str, ...], NoDecode] = ()
    declared_functions: dict[str, DeclaredFunction] = Field(default_factory=dict)
    functions_allow_private: bool = False
    webhooks_allow_private: bool = False
    url: str = "http://127.0.0.1:8080"
    token: SecretStr | None = None

    @field_validator("functions", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Split a comma-separated text."""
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("jwt_secret")
    @classmethod
    def _check_length(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value().encode()) < MIN_SECRET_BYTES:
            message = f"must have at least {MIN_SECRET_BYTES} bytes"
            raise ValueError(message)
        return value

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
        return init_settings, env_settings, _TomlSource(settings_cls)


class _TomlSource(TomlConfigSettingsSource):
    """Reads `functions`: tables are declarations, a list names files and modules to load."""

    def __call__(self) -> dict[str, object]:
        read = dict(super().__call__())
        declared = read.get("functions")
        if isinstance(declared, dict):
            read["declared_functions"] = read.pop("functions")
        return read
