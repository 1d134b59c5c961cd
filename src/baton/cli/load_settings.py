"""Loads the settings for a verb; an error names the setting and its variable."""

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baton.cli.terminal.failures import Failed

if TYPE_CHECKING:
    from pydantic import ValidationError

    from baton.settings import Settings


def load_settings(*, data: Path | None = None, **flags: Any) -> "Settings":
    """Return the settings; flags take precedence, and None stands for a flag that wasn't given.

    A data folder given by flag takes precedence over BATON_STORE. Raises Failed.
    """
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from baton.settings import Settings

    if data is not None:
        flags |= {"data": data, "store": ""}
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        raise Failed(_fault(error)) from None
    except SettingsError as error:
        raise Failed(f"The environment can't be read: {error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Failed(f"baton.toml can't be read: {error}") from None


def _fault(error: "ValidationError") -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return f"{name} (BATON_{name.upper()}, or {name} in baton.toml): {message}"
