"""What tasks end in: links, and pictures that are what they were asked to be."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.engine.judge import NotOffered, Words, expect, not_testable, nothing_here
from conformance.engine.kit.followed import expect_open, expect_reachable, expect_web_address
from conformance.engine.kit.links import came
from conformance.engine.kit.media import Picture, Undecodable, picture_of
from conformance.engine.requirement import requirement
from conformance.families.midjourney.probes import RATIO
from conformance.families.midjourney.reading import (
    Evidence,
    Work,
    end_of,
    finished,
    followed,
    images,
    is_unrouted,
    link_of,
    works,
)
from conformance.wire.exchange import Exchange

SLACK = 0.05
"""Part by which the shape of a picture may be off, for sides that are rounded."""


def _shown(evidence: Evidence) -> list[Work]:
    found = [work for work in finished(evidence) if work.shows]
    return found or nothing_here("no picture was made")


def _links(evidence: Evidence) -> Iterator[tuple[Work, str]]:
    return ((work, link_of(work.done)) for work in _shown(evidence))


@requirement("midjourney.result.link")
def test_success_links_to_a_picture(any_midjourney_work: Evidence) -> None:
    for work, link in _links(any_midjourney_work):
        expect_web_address(link, "/imageUrl", work.done.exchange)


@requirement("midjourney.result.reachable")
def test_links_do_not_lead_inside(any_midjourney_work: Evidence) -> None:
    links = list(_links(any_midjourney_work))
    if not sum(expect_reachable(link, "/imageUrl", work.done.exchange) for work, link in links):
        not_testable("there is no link, which another sentence judges")


@requirement("midjourney.result.served")
def test_links_need_no_credential(any_midjourney_work: Evidence) -> None:
    _shown(any_midjourney_work)
    replies = followed(any_midjourney_work)
    if not replies:
        not_testable("there is no link, or none that this suite follows")
    for exchange in replies:
        expect_open(exchange, "image")


@requirement("midjourney.result.picture")
def test_links_lead_to_pictures(any_midjourney_work: Evidence) -> None:
    _shown(any_midjourney_work)
    replies = [exchange for exchange in followed(any_midjourney_work) if came(exchange)]
    if not replies:
        not_testable("there is no picture to look at, which another sentence judges")
    for exchange in replies:
        _expect_picture(exchange)


def _expect_picture(exchange: Exchange) -> None:
    try:
        picture_of(exchange.decoded_body)
    except Undecodable as problem:
        expect(False, "a picture that decodes to its last pixel", Words(str(problem)), "", exchange)


@requirement("midjourney.result.ratio")
def test_a_picture_has_the_shape_asked_for(any_midjourney_imagine: Evidence) -> None:
    picture, exchange = _picture(any_midjourney_imagine)
    wanted, got = RATIO[0] / RATIO[1], picture.width / picture.height
    shown = Words(f"{picture.width} x {picture.height}")
    expect(abs(got / wanted - 1) <= SLACK, f"{RATIO[0]}:{RATIO[1]}, as --ar says", shown, "", exchange)


@requirement("midjourney.blend.dimensions")
def test_a_blend_is_as_upright_as_asked_for(any_midjourney_blend: Evidence) -> None:
    picture, exchange = _picture(any_midjourney_blend)
    shown = Words(f"{picture.width} x {picture.height}")
    expect(picture.height > picture.width, "an upright picture, as dimensions says", shown, "", exchange)


def _picture(evidence: Evidence) -> tuple[Picture, Exchange]:
    """The picture of the first task, from its link or from the route for pictures."""
    work = _shown(evidence)[0]
    for exchange in (*followed(evidence)[:1], *reversed(images(evidence, work.id))):
        if came(exchange):
            try:
                return picture_of(exchange.decoded_body), exchange
            except Undecodable:
                continue
    not_testable("there is no picture to look at, which another sentence judges")


@requirement("midjourney.image.served")
def test_the_route_for_pictures_has_it(any_midjourney_imagine: Evidence) -> None:
    expect_open(_late_image(any_midjourney_imagine), "image")


@requirement("midjourney.image.picture")
def test_the_route_for_pictures_sends_a_picture(any_midjourney_imagine: Evidence) -> None:
    exchange = _late_image(any_midjourney_imagine)
    if not came(exchange):
        not_testable("no picture came, which another sentence judges")
    _expect_picture(exchange)


@requirement("midjourney.image.same")
def test_both_ways_lead_to_the_same_picture(any_midjourney_imagine: Evidence) -> None:
    found = []
    for exchange in (*followed(any_midjourney_imagine)[:1], _late_image(any_midjourney_imagine)):
        try:
            found.append((exchange, picture_of(exchange.decoded_body)))
        except Undecodable:
            not_testable("one of the two is no picture, which another sentence judges")
    if len(found) < 2:
        not_testable("there is no link that this suite follows")
    (_, linked), (exchange, sent) = found
    shown = Words(f"{sent.width} x {sent.height}")
    same = (sent.width, sent.height) == (linked.width, linked.height)
    expect(same, f"{linked.width} x {linked.height} pixels as behind imageUrl", shown, "", exchange)


def _late_image(evidence: Evidence) -> Exchange:
    """What the route for pictures has for the finished task."""
    work = _shown(evidence)[0]
    late = images(evidence[end_of(evidence) :], work.id)
    if not late:
        not_testable("the picture was not asked for after the end")
    if is_unrouted(late[0]):
        raise NotOffered(f"the hub has no route for pictures: HTTP {late[0].status}")
    return late[0]


@requirement("midjourney.image.early")
def test_a_picture_asked_for_too_early_is_refused(any_midjourney_imagine: Evidence) -> None:
    work = works(any_midjourney_imagine)[0]
    early = images(any_midjourney_imagine[: end_of(any_midjourney_imagine)], work.id)
    if not early:
        not_testable("the task was over at once, or never")
    for exchange in early:
        if came(exchange):
            _expect_picture(exchange)  # some hubs show the picture as it grows
        got = Words(f"HTTP {exchange.status}: {exchange.text[:160]}")
        expect((exchange.status or 500) < 500, "HTTP 4xx, or a picture", got, "", exchange)
