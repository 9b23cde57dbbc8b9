"""Which links of answers are followed, and what is sent along."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from conformance.engine.contract import load_contract
from conformance.engine.judge import Inconclusive
from conformance.engine.kit.forms import File, form, form_fields
from conformance.engine.kit.links import Reach, came, follow, reach_of, web_address
from conformance.engine.probe import Hub
from conformance.engine.schedule import Governor
from conformance.engine.target import Target
from conformance.wire.exchange import End, Exchange, Request
from conformance.wire.http import Client
from conformance.wire.redact import Redactor, Secret
from tests.support import answer


def followed(base_url: str, link: str) -> tuple[Exchange | None, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, content=b"x")

    async def run() -> Exchange | None:
        async with Client(transport=httpx.MockTransport(answer)) as client:
            target = Target(base_url, Secret("sk-the-token-of-this-test"))
            return await follow(Hub(target, load_contract(), client, Governor(1), Redactor()), link)

    return asyncio.run(run()), asked


@pytest.mark.parametrize("link", ["https://hub.example.com/p.png?sig=1", "http://hub.example.com:8080/p.png"])
def test_links_on_the_hub_are_followed_without_credential(link: str) -> None:
    exchange, (request,) = followed("https://hub.example.com", link)
    assert exchange is not None
    assert exchange.request.operation is None
    assert str(request.url) == link
    assert "authorization" not in request.headers
    assert "sk-the-token" not in str(request.headers)


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1/p.png",
        "http://localhost:9000/p.png",
        "http://10.0.0.5/images/image.webp",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/p.png",
        "http://0.0.0.0:8080/p.png",
        "http://minio:9000/p.png",
        "http://store.internal/p.png",
        "https://name-that-does-not-resolve.invalid/p.png",
        "file:///etc/passwd",
        "/p.png",
        "data:image/png;base64,AAAA",
        "http://[/p.png",
        "http://hub.example.com:99999/p.png",
        "http://hub.example.com/a b\r\nX-Y: z",
    ],
)
def test_other_links_are_not_followed(link: str) -> None:
    assert followed("https://hub.example.com", link) == (None, [])


@pytest.mark.parametrize(
    ("host", "reach"),
    [
        ("0.0.0.0", Reach.NOWHERE),
        ("::", Reach.NOWHERE),
        ("127.0.0.1", Reach.MACHINE),
        ("LOCALHOST", Reach.MACHINE),
        ("192.168.1.7", Reach.NETWORK),
        ("minio", Reach.NETWORK),
        ("hub.svc.cluster.local", Reach.NETWORK),
        ("8.8.8.8", Reach.WORLD),
        ("example.com", Reach.WORLD),
    ],
)
def test_reach_of_hosts(host: str, reach: Reach) -> None:
    assert reach_of(host) is reach


def test_only_absolute_web_addresses_are_links() -> None:
    assert web_address("https://example.com/p.png?a=b#c")
    assert not any(
        map(web_address, ["", "p.png", "//example.com/p", "ftp://example.com/p", "https:///p", "http://ü.de/"])
    )


def test_a_form_is_read_as_it_was_sent() -> None:
    sent = form([("n", "2"), ("file", File("naïve.png", "image/png", b"\0\r\n--")), ("tag[]", "a"), ("tag[]", "漢字")])
    request = Request("POST", "http://x/", tuple(sent["headers"].items()), sent["body"])
    assert form_fields(request) == {"n": ["2"], "tag[]": ["a", "漢字"]}
    assert form_fields(Request("POST", "http://x/", (("content-type", "application/json"),), b"{}")) == {}


def test_a_file_that_is_too_large_is_neither_there_nor_missing() -> None:
    assert came(answer(status=200))
    assert not came(answer(status=404))
    assert not came(answer(status=404, end=End.too_large))
    with pytest.raises(Inconclusive, match="larger than 16777216 bytes"):
        came(answer(status=200, end=End.too_large, problem="the body is larger than 16777216 bytes"))
