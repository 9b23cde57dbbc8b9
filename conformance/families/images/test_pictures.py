"""What pictures are made of: base64, bytes that decode, the size and format asked for; and what links lead to."""

from __future__ import annotations

from urllib.parse import urlsplit

from conformance.engine.judge import Words, expect, not_testable, nothing_here
from conformance.engine.kit.links import Reach, reach_of, web_address
from conformance.engine.kit.media import Undecodable, from_base64, picture_of
from conformance.engine.requirement import requirement
from conformance.families.images.probes import GPT
from conformance.families.images.reading import (
    Evidence,
    answers,
    entries,
    followed,
    made,
    pictures,
    wanted_size,
    wish,
)
from conformance.wire.exchange import Exchange

OPAQUE_TYPES = ("application/octet-stream", "binary/octet-stream")


@requirement("images.bytes.base64")
def test_base64_is_plain(any_images_answer: Evidence) -> None:
    judged = 0
    for exchange in answers(any_images_answer):
        for place, entry in enumerate(entries(exchange)):
            if not entry.b64_json:
                continue
            judged += 1
            try:
                from_base64(entry.b64_json)
            except Undecodable as problem:
                at = f"/data/{place}/b64_json"
                got = Words(f"{problem}; it begins with {entry.b64_json[:40]!r}")
                expect(False, "plain base64, padded", got, at, exchange)
    if not judged:
        nothing_here("no picture came as base64")


@requirement("images.bytes.picture")
def test_bytes_are_a_picture(any_images_answer: Evidence) -> None:
    for one in made(any_images_answer):
        try:
            picture_of(one.data)
        except Undecodable as problem:
            expect(False, "a PNG, JPEG or WebP that decodes to its last pixel", Words(str(problem)), one.at, one.source)


@requirement("images.bytes.format")
def test_pictures_are_of_the_format_asked_for(any_images_answer: Evidence) -> None:
    judged = 0
    for one, picture in pictures(any_images_answer):
        said = wish(one.answer)
        wanted = said.get("output_format") or ("png" if GPT.search(str(said.get("model"))) else None)
        if wanted:
            judged += 1
            expect(picture.format == wanted, f"a picture in {wanted}", Words(picture.format), one.at, one.source)
    if not judged:
        not_testable("no format was asked for, and the vendors do not say which one this model has")


@requirement("images.bytes.size")
def test_pictures_have_the_size_asked_for(any_images_answer: Evidence) -> None:
    judged = 0
    for one, picture in pictures(any_images_answer):
        wanted = wanted_size(one.answer)
        if wanted:
            judged += 1
            found = (picture.width, picture.height)
            got = Words(f"{found[0]} x {found[1]}")
            expect(found == wanted, f"{wanted[0]} x {wanted[1]} pixels", got, one.at, one.source)
    if not judged:
        not_testable("no size was asked for")


@requirement("images.link.absolute")
def test_links_are_absolute(any_images_answer: Evidence) -> None:
    for exchange, at, url in _links(any_images_answer):
        expect(web_address(url) or url.startswith("data:"), "an absolute address", url[:200], at, exchange)


@requirement("images.link.web")
def test_links_are_no_data(any_images_answer: Evidence) -> None:
    for exchange, at, url in _links(any_images_answer):
        expect(not url.startswith("data:"), "an http or https address", Words(f"{url[:40]}…"), at, exchange)


def _links(evidence: Evidence) -> list[tuple[Exchange, str, str]]:
    found = [
        (exchange, f"/data/{place}/url", entry.url)
        for exchange in answers(evidence)
        for place, entry in enumerate(entries(exchange))
        if entry.url
    ]
    return found or nothing_here("no picture came as a link")


@requirement("images.link.reachable")
def test_links_do_not_lead_inside(any_images_answer: Evidence) -> None:
    links = [(exchange, at, web_address(url)) for exchange, at, url in _links(any_images_answer)]
    if not any(parts for _, _, parts in links):
        not_testable("the links are no web addresses, which another sentence judges")
    for exchange, at, parts in links:
        if parts is None:
            continue
        own, host = urlsplit(exchange.request.url).hostname or "", parts.hostname or ""
        farther = host == own or reach_of(host) >= max(reach_of(own), Reach.MACHINE)
        got = Words(f"{parts.scheme}://{parts.netloc}/…")
        expect(farther, f"a host that callers of {own} can reach", got, at, exchange)


@requirement("images.link.served")
def test_links_need_no_credential(any_images_several: Evidence) -> None:
    replies = followed(any_images_several)
    if not replies:
        nothing_here("no picture came as a link, or the link is not one that this suite follows")
    for exchange in replies:
        label = exchange.media_type
        got = Words(f"HTTP {exchange.status} ({label})" if label else f"HTTP {exchange.status} (no content-type)")
        expect(exchange.status == 200, "HTTP 200 without a credential", got, "", exchange)
        pictured = exchange.media_type.startswith("image/") or exchange.media_type in OPAQUE_TYPES
        expect(pictured, "the type of a picture", got, "content-type", exchange)
