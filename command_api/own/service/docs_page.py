"""One page with every operation of every dialect; it loads nothing from anywhere."""

from collections.abc import Sequence
from html import escape

from baton.command_api.dialect.contract import Dialect, Route
from baton.command_api.dialect.openapi import documented_path

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:64rem;padding:0 1rem;"
    "color:#1a1a1a;background:#fff}"
    "table{border-collapse:collapse;width:100%}"
    "td,th{text-align:left;padding:.25rem .75rem .25rem 0;vertical-align:top;"
    "border-bottom:1px solid #ddd}"
    "code{font:14px/1.5 ui-monospace,monospace;overflow-wrap:anywhere}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}"
    "td,th{border-color:#333}a{color:#8ab4ff}}"
)


def docs_page(dialects: Sequence[Dialect]) -> str:
    """Return the page as HTML."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Baton: the APIs</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><h1>Baton: the APIs</h1>"
        f"{''.join(_section(dialect) for dialect in dialects)}</body></html>"
    )


def _section(dialect: Dialect) -> str:
    name = escape(dialect.name)
    bases = ", ".join(f"<code>{escape(base or '/')}</code>" for base in dialect.bases)
    rows = "".join(_row(route) for route in dialect.routes)
    return (
        f'<h2 id="{name}">{escape(dialect.title)}</h2>'
        f'<p>Base: {bases} · <a href="/openapi/{name}.json">OpenAPI document</a></p>'
        f"<table><thead><tr><th>Operation<th>What it does<th>Scope</thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _row(route: Route) -> str:
    operation = escape(f"{route.method} {documented_path(route.path)}")
    scope = escape(route.scope or "none")
    return f"<tr><td><code>{operation}</code><td>{escape(route.summary)}<td><code>{scope}</code>"
