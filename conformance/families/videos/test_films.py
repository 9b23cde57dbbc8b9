"""What a finished task ends with: a film that can be fetched, and that really is one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from conformance.engine.judge import Words, expect, not_testable, nothing_here
from conformance.engine.kit.films import Film, film_of
from conformance.engine.kit.links import Reach, came, reach_of, web_address
from conformance.engine.kit.media import Undecodable
from conformance.engine.kit.reading import expect_client_error
from conformance.engine.kit.replies import expect_served, is_finite
from conformance.engine.requirement import requirement
from conformance.families.videos.probes import PART
from conformance.families.videos.reading import (
    CONTENT,
    REMIX,
    Evidence,
    Phase,
    Told,
    completed,
    id_in,
    is_poll,
    journey,
    readable,
    told,
)
from conformance.wire.exchange import Exchange

MP4 = "video/mp4"
UNLABELLED = ("application/octet-stream", "binary/octet-stream")
SHORTER_BY, LONGER_BY = 1.0, 1.5
"""Seconds that a film may be off the length that was told: models make whole groups of pictures."""
CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,15})-")
SIDES = re.compile(r"([0-9]{1,5})x([0-9]{1,5})")


def _status(exchange: Exchange) -> Words:
    status, shown = exchange.status, repr(exchange.text[:120])
    if not exchange.media_type:
        return Words(f"HTTP {status} (no content-type): {shown}")
    return Words(f"HTTP {status} ({exchange.media_type}): {shown}")


def _whole(exchange: Exchange) -> bool:
    return exchange.request.header("range") is None


def downloads(evidence: Sequence[Exchange]) -> list[Exchange]:
    """The downloads of the whole film of a completed task: by its route, or the last one that its link led to.

    Raises:
        NotTestable: there are none.
    """
    completed(evidence)
    found = [exchange for exchange in journey(evidence).downloads if _whole(exchange)]
    by_route = [exchange for exchange in found if exchange.request.operation == CONTENT]
    return by_route or found[-1:] or not_testable("there is no link, or none that this suite follows")


def films(evidence: Sequence[Exchange]) -> list[tuple[Exchange, bytes]]:
    """The bytes of the downloads that were served.

    Raises:
        NotTestable: there are none.
    """
    found = [(exchange, exchange.decoded_body) for exchange in downloads(evidence) if came(exchange)]
    return found or not_testable("the film cannot be had, which another sentence judges")


def _opened(evidence: Sequence[Exchange]) -> tuple[Exchange, Film]:
    exchange, data = films(evidence)[0]
    try:
        return exchange, film_of(data)
    except Undecodable:
        not_testable("the film cannot be opened, which another sentence judges")


@requirement("videos.result.given")
def test_a_completed_task_has_a_link(any_linked_video: Evidence) -> None:
    end = completed(any_linked_video)
    if end.wrapped:
        expect(end.links, "a link to the film", end.exchange.text[:300], end.at, end.exchange)
        return
    documented = [link for at, link in end.links if at == end.format.pointer]
    elsewhere = ", ".join(at for at, _ in end.links)
    got = Words(f"a link at {elsewhere} instead" if elsewhere else f"none: {end.exchange.text[:300]}")
    expect(documented, "a link to the film", got, end.format.pointer, end.exchange)


def _links(evidence: Evidence) -> Iterator[tuple[Told, str, str]]:
    end, found = completed(evidence), False
    for at, link in end.links:
        found = True
        yield end, at, link
    if not found:
        nothing_here("there is no link, which in the Sora format is right")


@requirement("videos.result.absolute")
def test_links_are_web_addresses(any_video_journey: Evidence) -> None:
    for end, at, link in _links(any_video_journey):
        expect(web_address(link), "an http or https address", link[:200], at, end.exchange)


@requirement("videos.result.reachable")
def test_links_do_not_lead_inside(any_video_journey: Evidence) -> None:
    for end, at, link in _links(any_video_journey):
        parts = web_address(link)
        if parts is None:
            not_testable("the link is no web address, which another sentence judges")
        own, host = urlsplit(end.exchange.request.url).hostname or "", parts.hostname or ""
        farther = host == own or reach_of(host) >= max(reach_of(own), Reach.MACHINE)
        got = Words(f"{parts.scheme}://{parts.netloc}/…")
        expect(farther, f"a host that callers of {own} can reach", got, at, end.exchange)


@requirement("videos.result.served")
def test_links_lead_to_something(any_linked_film: Evidence) -> None:
    found = downloads(any_linked_film)[-1]
    expect(found.status == 200, "HTTP 200 for the owner", _status(found), "", found)


@requirement("videos.result.type")
def test_linked_films_are_labelled(any_linked_film: Evidence) -> None:
    exchange, _ = films(any_linked_film)[-1]
    fine = exchange.media_type.startswith("video/") or exchange.media_type in UNLABELLED
    expect(fine, "the type of a film", Words(exchange.media_type or "none"), "content-type", exchange)


@requirement("videos.result.film")
def test_the_bytes_are_a_film(any_video_film: Evidence) -> None:
    for exchange, data in films(any_video_film):
        try:
            film_of(data)
        except Undecodable as problem:
            expect(False, "an MP4 file that a player opens", Words(str(problem)), "", exchange)


@requirement("videos.result.length")
def test_the_film_is_as_long_as_told(any_video_film: Evidence) -> None:
    wanted = _length(completed(any_video_film))
    exchange, film = _opened(any_video_film)
    if wanted is None or film.seconds is None:
        nothing_here("the length is not told")
    fine = wanted - SHORTER_BY <= film.seconds <= wanted + LONGER_BY
    expect(fine, f"a film of about {wanted:g} s", Words(f"{film.seconds:.2f} s"), "", exchange)


def _length(end: Told) -> float | None:
    """Seconds that a completed task tells of its film."""
    metadata = end.value.get("metadata")
    value = metadata.get("duration") if isinstance(metadata, dict) else end.task.seconds
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,4}", value):
        return float(value)
    return float(value) if is_finite(value) and value > 0 else None


@requirement("videos.result.size")
def test_the_film_is_as_large_as_told(any_video_film: Evidence) -> None:
    wanted = _sides(completed(any_video_film))
    exchange, film = _opened(any_video_film)
    if wanted is None:
        nothing_here("the size is not told")
    width, height = wanted
    got = Words(f"{film.width} x {film.height}")
    expect((film.width, film.height) == wanted, f"{width} x {height} pixels", got, "", exchange)


def _sides(end: Told) -> tuple[int, int] | None:
    """Width and height that a completed task tells of its film."""
    metadata = end.value.get("metadata")
    if isinstance(metadata, dict):
        width, height = metadata.get("width"), metadata.get("height")
        return (width, height) if isinstance(width, int) and isinstance(height, int) and width and height else None
    found = SIDES.fullmatch(end.task.size) if isinstance(end.task.size, str) else None
    return (int(found[1]), int(found[2])) if found else None


@requirement("videos.content.served")
def test_the_film_of_a_completed_task_is_served(any_sora_journey: Evidence) -> None:
    for exchange in downloads(any_sora_journey):
        expect(exchange.status == 200, "HTTP 200 with the film", _status(exchange), "", exchange)


@requirement("videos.content.type")
def test_films_are_labelled(any_sora_journey: Evidence) -> None:
    for exchange, _ in films(any_sora_journey):
        expect(exchange.media_type == MP4, MP4, Words(exchange.media_type or "none"), "content-type", exchange)


@requirement("videos.content.same")
def test_a_film_is_the_same_each_time(any_sora_journey: Evidence) -> None:
    _, whole = films(any_sora_journey)[0]
    exchange = next((one for one in journey(any_sora_journey).downloads[1:] if one.status in (200, 206)), None)
    if exchange is None:
        not_testable("the film was not served again, which another sentence judges")
    place = CONTENT_RANGE.match(exchange.header("content-range") or "") if exchange.status == 206 else None
    first = int(place[1]) if place else PART[0] if exchange.status == 206 else 0
    again = exchange.decoded_body
    wanted = whole[first : first + len(again)] if exchange.status == 206 else whole
    expect(again == wanted, f"the bytes of the first download from {first} on", Words("others"), "", exchange)


@requirement("videos.content.part")
def test_a_part_of_a_film_can_be_had(any_sora_journey: Evidence) -> None:
    _, whole = films(any_sora_journey)[0]
    parts = [exchange for exchange in journey(any_sora_journey).downloads if not _whole(exchange)]
    if not parts:
        not_testable("no part was asked for")
    (first, last), exchange = PART, parts[0]
    sent = Words(f"{len(exchange.decoded_body)} bytes")
    if exchange.status == 200:
        expect(len(exchange.decoded_body) == len(whole), f"the whole film of {len(whole)} bytes", sent, "", exchange)
        return
    expect(exchange.status == 206, "HTTP 206 with the part, or 200 with the whole", _status(exchange), "", exchange)
    wanted = f"bytes {first}-{last}/{len(whole)}"
    expect(
        exchange.header("content-range") == wanted, wanted, exchange.header("content-range"), "content-range", exchange
    )
    part = whole[first : last + 1]
    expect(len(exchange.decoded_body) == len(part), f"{len(part)} bytes", sent, "", exchange)


@requirement("videos.content.early")
def test_a_film_is_refused_before_the_end(videos_remix: Evidence) -> None:
    found = journey(videos_remix)
    early = [exchange for exchange in found.downloads if exchange.request.operation == CONTENT]
    if not early:
        not_testable("the film was not asked for early")
    _needs_unfinished(found.polls)
    expect_client_error(early[0])


@requirement("videos.remix.early")
def test_a_remix_is_refused_before_the_end(videos_remix: Evidence) -> None:
    remixes = _remixes(videos_remix)
    found = journey(videos_remix)
    _needs_unfinished(found.polls)
    expect_client_error(remixes[0])


def _needs_unfinished(polls: Sequence[Told]) -> None:
    """The first look-up comes after what is asked for early: when it is not over then, it was not over before."""
    if not polls or polls[0].phase is None or polls[0].phase.over:
        not_testable("the task was over when this was asked for, or its status is not understood")


def _remixes(evidence: Evidence) -> list[Exchange]:
    found = [exchange for exchange in evidence if exchange.request.operation == REMIX]
    return found or not_testable("no remix was asked for")


def _made(evidence: Evidence) -> Exchange:
    """The answer to a remix of the completed task."""
    completed(evidence)
    found = _remixes(evidence)
    return found[1] if len(found) > 1 else not_testable("no remix was asked for after the end")


@requirement("videos.remix.served")
def test_a_completed_task_can_be_remixed(videos_remix: Evidence) -> None:
    expect_served(_made(videos_remix))


@requirement("videos.remix.new-id")
def test_a_remix_is_a_new_task(videos_remix: Evidence) -> None:
    source, made = journey(videos_remix).submit, readable(_made(videos_remix))
    if made is None:
        not_testable("the remix was not taken in")
    fresh = made.id and made.id != id_in(source)
    expect(fresh, "an id of its own", made.id, f"{made.at}/id", made.exchange)


@requirement("videos.remix.source")
def test_a_remix_names_its_source(videos_remix: Evidence) -> None:
    source, made = id_in(journey(videos_remix).submit), readable(_made(videos_remix))
    if made is None:
        not_testable("the remix was not taken in")
    polls = [e for e in videos_remix if is_poll(e) and e.ok and e.started > made.exchange.started]
    for one in (made, *(told(exchange) for exchange in polls)):
        named = one.task.remixed_from_video_id
        expect(named == source, f"the source {source}", named, f"{one.at}/remixed_from_video_id", one.exchange)


@requirement("videos.remix.pending")
def test_a_remix_begins_like_every_task(videos_remix: Evidence) -> None:
    made = readable(_made(videos_remix))
    if made is None or made.phase is None:
        not_testable("the remix was not taken in, or its status is not understood")
    fine = made.phase in (Phase.QUEUED, Phase.RUNNING)
    expect(fine, "queued or in_progress", made.word, made.word_at, made.exchange)
