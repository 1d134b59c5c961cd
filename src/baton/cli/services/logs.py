"""Writes log lines of a service to stderr: readable in a terminal, logfmt elsewhere.

The log lines of a function carry the ids of its run.
"""

import logging
import os
import sys

import structlog

from baton.cli.terminal.visible import visible_record


def show_logs(level: int = logging.INFO) -> None:
    """Start writing log records of `level` or above."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                visible_record,
                *_rendering(),
            ],
        )
    )
    logging.basicConfig(level=level, handlers=[handler])


def _rendering() -> list[structlog.typing.Processor]:
    if sys.stderr.isatty():
        return [structlog.dev.ConsoleRenderer(colors=not os.environ.get("NO_COLOR"))]
    order = ["timestamp", "level", "logger", "event"]
    return [
        structlog.processors.LogfmtRenderer(key_order=order, drop_missing=True),
    ]
