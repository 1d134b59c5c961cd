"""The address policy permits public addresses only, whatever the spelling of the address."""

import socket
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from baton.protocols.address_policy import AddressPolicy, BlockedAddress, is_public
from tests.executor.scripted_server import answering

PUBLIC_ONLY = AddressPolicy()


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.8",
        "192.0.0.170",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:808:808::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "not an address",
        "",
    ],
)
def test_a_private_or_special_address_is_not_public(address: str) -> None:
    assert not is_public(address)
    assert not PUBLIC_ONLY.permits(address)
    assert AddressPolicy(allow_private=True).permits(address)


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "8.8.8.8",
        "100.63.255.255",
        "172.32.0.1",
        "192.0.1.1",
        "223.255.255.254",
        "2001:4860:4860::8888",
        "2606:4700:4700::1111",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
    ],
)
def test_a_public_address_is_permitted(address: str) -> None:
    assert PUBLIC_ONLY.permits(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.0.0.1./",
        "http://127.1/",
        "http://0/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://017700000001/",
        "http://0177.0.0.1/",
        "http://①②⑦.0.0.1/",
        "http://127。0。0。1/",
        "http://%31%32%37.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[fe80::1%25eth0]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://metadata.google.internal/",
        "http://localhost/",
        "http://LOCALHOST./",
        "http://ⓛocalhost/",
        "http://db.localhost/",
        "http://printer.local/",
        "http://8.8.8.8:22/",
        "http://8.8.8.8:25/",
    ],
)
def test_a_url_with_a_private_host_is_refused_when_it_is_stored(url: str) -> None:
    with pytest.raises(BlockedAddress):
        PUBLIC_ONLY.check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "/path",
        "//example.com/",
        "http://",
        "http:///path",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "javascript:alert(1)",
        "http://user@example.com/",
        "http://user:password@example.com/",
        "http://:@example.com/",
        "http://127.0.0.1\\@example.com/",
        "http://exa mple.com/",
        "http://example.com/\r\nX-Evil: 1",
        "http://example.com/\0",
        "http://example.com:0/",
        "http://example.com:99999/",
        "http://example.com:port/",
        "http://[::1/",
        "http://example.com/" + "a" * 3_000,
    ],
)
@pytest.mark.parametrize("allow_private", [False, True])
def test_a_url_that_is_not_an_http_url_is_always_refused(url: str, allow_private: bool) -> None:
    with pytest.raises(BlockedAddress):
        AddressPolicy(allow_private=allow_private).check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "HTTPS://Example.com:8443/a?b=c#d",
        "http://example.com:80/",
        "http://bücher.example/",
        "http://8.8.8.8/",
        "http://[2606:4700:4700::1111]:8080/",
        "http://localhost.example.com/",
        "http://notlocal/",
    ],
)
def test_any_other_url_is_accepted(url: str) -> None:
    assert str(PUBLIC_ONLY.check_url(url)).startswith("http")


def test_a_private_url_is_accepted_if_private_addresses_are_allowed() -> None:
    assert AddressPolicy(allow_private=True).check_url("http://localhost:81/f").port == 81


@pytest.mark.parametrize(
    "url", ["http://localhost:81/f", "http://127.0.0.1:9000/", "http://[::1]/", "http://127.1:25/"]
)
def test_this_machine_alone_is_permitted_if_loopback_is_allowed(url: str) -> None:
    policy = AddressPolicy(allow_loopback=True)

    assert policy.check_url(url).path
    assert policy.permits("127.0.0.1")
    assert policy.permits("::1")
    assert not policy.permits("10.0.0.1")
    for other in ("http://10.0.0.1/", "http://printer.local/", "http://8.8.8.8:25/"):
        with pytest.raises(BlockedAddress):
            policy.check_url(other)


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "http://localhost/", "http://8.8.8.8:25/"])
def test_a_refusal_names_the_setting_that_permits_the_address(url: str) -> None:
    with pytest.raises(BlockedAddress, match=r"; BATON_X=true permits it$"):
        AddressPolicy(setting="BATON_X").check_url(url)


class Rebinding(AbstractResolver):
    """A resolver that answers with given addresses, as a malicious name server does."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: int = socket.AF_INET
    ) -> list[ResolveResult]:
        return [self.entry(host, port, address) for address in self.addresses]

    def entry(self, host: str, port: int, address: str) -> ResolveResult:
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        return ResolveResult(
            hostname=host,
            host=address,
            port=port,
            family=kind,
            proto=0,
            flags=socket.AI_NUMERICHOST,
        )

    async def close(self) -> None:
        pass


async def fetch(policy: AddressPolicy, url: str, **options: Any) -> str:
    async with (
        aiohttp.ClientSession(connector=policy.connector(**options)) as session,
        session.get(url) as answer,
    ):
        return await answer.text()


@pytest.mark.parametrize("addresses", [("127.0.0.1",), ("::1", "127.0.0.1"), ("::ffff:127.0.0.1",)])
async def test_a_name_that_resolves_to_a_private_address_is_blocked_when_connecting(
    addresses: tuple[str, ...],
) -> None:
    async with answering(web.Response(text="treasure")) as server:
        url = server.url.replace("127.0.0.1", "innocent.example")
        PUBLIC_ONLY.check_url(url)
        with pytest.raises(aiohttp.ClientConnectorError) as raised:
            await fetch(PUBLIC_ONLY, url, resolver=Rebinding(*addresses))

    assert isinstance(raised.value.os_error, BlockedAddress)
    assert server.asked == []


@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:127.0.0.1]", "0x7f000001"])
async def test_a_literal_address_is_blocked_without_a_resolver(host: str) -> None:
    async with answering(web.Response(text="treasure")) as server:
        url = server.url.replace("127.0.0.1", host)
        with pytest.raises(aiohttp.ClientConnectorError) as raised:
            await fetch(PUBLIC_ONLY, url)

    assert isinstance(raised.value.os_error, BlockedAddress)
    assert server.asked == []


class AlsoPublic(AddressPolicy):
    """Treats 127.0.0.2 as public, so that a test server there counts as outside."""

    def permits(self, address: str) -> bool:
        return address == "127.0.0.2" or super().permits(address)


async def test_a_redirect_to_a_private_address_is_blocked() -> None:
    async with answering(web.Response(text="treasure")) as inside:
        moved = web.Response(status=302, headers={"Location": inside.url})
        async with answering(moved, host="127.0.0.2") as outside:
            with pytest.raises(aiohttp.ClientConnectorError):
                await fetch(AlsoPublic(), outside.url)

    assert len(outside.asked) == 1
    assert inside.asked == []
