"""Requests in an unsupported version of HTTP, and the version of their answers.

aiohttp's parser accepts HTTP/2.0, and a request line without a version as HTTP/0.9, and answers in
the request's version. It answers unparseable input as HTTP/1.0.
"""

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from aiohttp import HttpVersion10, HttpVersion11, StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_parser import RawRequestMessage
from aiohttp.web_protocol import ERROR, RequestHandler

from baton.command_api.admission.connection import Connection

MakeRequest: TypeAlias = Callable[
    [RawRequestMessage, StreamReader, RequestHandler, AbstractStreamWriter, "asyncio.Task[None]"],
    web.BaseRequest,
]
"""Creates the request of a message; aiohttp's server calls it."""


def answering_in_1_1(make: MakeRequest) -> MakeRequest:
    """Return `make` for requests that are answered in HTTP/1.1, unless they are in HTTP/1.0.

    A connection with a request in any other version is marked as `unsupported`, and is closed.
    """

    def make_request(
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: RequestHandler,
        writer: AbstractStreamWriter,
        task: "asyncio.Task[None]",
    ) -> web.BaseRequest:
        version = message.version
        if version == HttpVersion11 or (version == HttpVersion10 and message is not ERROR):
            return make(message, payload, protocol, writer, task)
        shown = message._replace(version=HttpVersion11, should_close=True)
        if message is not ERROR and isinstance(protocol, Connection):
            protocol.unsupported = True
        return make(shown, payload, protocol, writer, task)

    return make_request
