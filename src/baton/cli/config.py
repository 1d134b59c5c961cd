"""`baton config`: the effective settings and the source of each value."""

import json
import os
from collections.abc import Mapping

from baton.cli.options import AsJson, DataFolder


def config(data: DataFolder = None, as_json: AsJson = False) -> None:
    """Show the effective configuration, with secrets masked.

    A flag takes precedence over the environment, the environment over baton.toml, and baton.toml
    over the default.
    """
    from baton.cli.load_settings import load_settings
    from baton.cli.terminal.output import print_json
    from baton.cli.terminal.tables import Column, print_table
    from baton.http_services import config_of
    from baton.setting_sources import FILE, TomlSource
    from baton.settings import Settings

    settings = load_settings(data=data)
    values = config_of(settings)
    toml = TomlSource(Settings)
    in_file = dict.fromkeys(toml(), FILE)
    in_file |= {name: f"{name}_file in {FILE}" for name in toml.named_by_file}
    flags = {} if data is None else {"data": data, "store": data}
    shown = [
        {
            "name": name,
            "value": value,
            "source": _source(name, flags, in_file),
        }
        for name, value in values.items()
    ]
    if as_json:
        print_json(shown)
        return
    print_table(
        (
            Column(name="NAME"),
            Column(name="VALUE", kind="wrapped", min_width=10),
            Column(name="FROM", drop_order=1),
        ),
        [(row["name"], _text(row["value"]), row["source"]) for row in shown],
    )


def _source(name: str, flags: Mapping[str, object], in_file: Mapping[str, str]) -> str:
    from baton.setting_sources import variable_of

    variable = variable_of(name)
    if name in flags:
        return "--data"
    for named in (variable, f"{variable}_FILE"):
        if any(named == each.upper() for each in os.environ):
            return named
    return in_file.get(name, "default")


def _text(value: object) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value)
