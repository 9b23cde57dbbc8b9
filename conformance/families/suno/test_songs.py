"""What music tasks end in: songs that can be heard, and that are what they were asked to be."""

from __future__ import annotations

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.courses import Stage
from conformance.engine.kit.followed import expect_open, expect_reachable, expect_web_address
from conformance.engine.kit.links import came
from conformance.engine.kit.media import Sound, Undecodable, sound_of
from conformance.engine.kit.replies import is_finite
from conformance.engine.requirement import requirement
from conformance.families.suno.probes import TAGS, TEXT, TITLE
from conformance.families.suno.reading import Evidence, followed, is_music, songs_of, work
from conformance.families.suno.views import Song
from conformance.wire.exchange import Exchange

PLACEHOLDERS = ("none", "null", "undefined", "nan")
SLACK_SECONDS, SLACK = 2.0, 0.1
"""By how much a told length may be off."""


def _songs(evidence: Evidence) -> tuple[Stage, list[tuple[str, Song]]]:
    """The end of a music task and its songs; raises when there are none."""
    done = work(evidence).done
    return done, songs_of(done) or not_testable("there are no songs, which another sentence judges")


@requirement("suno.songs.present")
def test_success_has_songs(any_suno_music: Evidence) -> None:
    done = work(any_suno_music).done
    data, at = done.task.get("data"), f"{done.at}/data"
    expect(isinstance(data, list) and data, "a list of songs", data, at, done.exchange)
    songs = songs_of(done)
    expect(len(songs) == len(data or ()), "nothing but songs", data, at, done.exchange)
    for place, song in songs:
        expect(song.id, "an id as text", song.id, f"{place}/id", done.exchange)


@requirement("suno.songs.link")
def test_songs_link_to_their_sound(any_suno_music: Evidence) -> None:
    done, songs = _songs(any_suno_music)
    for place, song in songs:
        expect_web_address(song.audio_url, f"{place}/audio_url", done.exchange)


@requirement("suno.songs.placeholder")
def test_no_link_is_a_placeholder(any_suno_work: Evidence) -> None:
    task = work(any_suno_work)
    if not is_music(task.submit):
        not_testable("no music was asked for")
    for stage in task.stages:
        for place, song in songs_of(stage):
            link = song.audio_url
            if not isinstance(link, str) or not link:
                continue
            name = link.partition("?")[0].rpartition("/")[2].partition(".")[0].lower()
            expect(name not in PLACEHOLDERS, "a link, or nothing", link, f"{place}/audio_url", stage.exchange)


@requirement("suno.songs.reachable")
def test_links_do_not_lead_inside(any_suno_music: Evidence) -> None:
    done, songs = _songs(any_suno_music)
    if not sum(expect_reachable(song.audio_url, f"{place}/audio_url", done.exchange) for place, song in songs):
        not_testable("there is no link, which another sentence judges")


def _heard(evidence: Evidence) -> Exchange:
    """What the link of the first song led to; raises when it was not followed."""
    _songs(evidence)
    replies = followed(evidence)
    return replies[0] if replies else not_testable("there is no link, or none that this suite follows")


@requirement("suno.songs.served")
def test_songs_are_served(any_suno_music: Evidence) -> None:
    expect_open(_heard(any_suno_music), "audio", "video/mp4")


@requirement("suno.songs.sound")
def test_songs_are_sound(any_suno_music: Evidence) -> None:
    exchange = _heard(any_suno_music)
    if not came(exchange):
        not_testable("nothing came, which another sentence judges")
    try:
        sound_of(exchange.decoded_body)
    except Undecodable as problem:
        expect(False, "a recording that decodes", Words(str(problem)), "", exchange)


def _sound(exchange: Exchange) -> Sound:
    try:
        return sound_of(exchange.decoded_body)
    except Undecodable:
        not_testable("what came is no recording, which another sentence judges")


@requirement("suno.songs.duration")
def test_songs_are_as_long_as_told(any_suno_music: Evidence) -> None:
    done, songs = _songs(any_suno_music)
    place, song = songs[0]
    told = song.metadata.duration if song.metadata else None
    if not is_finite(told):
        not_testable("no length is told, which the vendor need not do")
    heard = _sound(_heard(any_suno_music)).seconds
    near = abs(told - heard) <= max(SLACK_SECONDS, SLACK * heard)
    expect(near, f"{heard:.1f} s, as can be heard", told, f"{place}/metadata/duration", done.exchange)


@requirement("suno.songs.different")
def test_songs_are_different(any_suno_music: Evidence) -> None:
    done, songs = _songs(any_suno_music)
    if len(songs) < 2:
        not_testable("there is one song only")
    for name in ("id", "audio_url"):
        seen: list[object] = []
        for place, song in songs:
            value = getattr(song, name)
            expect(not value or value not in seen, "one of its own", value, f"{place}/{name}", done.exchange)
            seen.append(value)


@requirement("suno.songs.title")
def test_songs_have_the_title_asked_for(any_suno_music: Evidence) -> None:
    done, songs = _songs(any_suno_music)
    for place, song in songs:
        titled = (song.title or "").startswith(TITLE)
        expect(titled, f"{TITLE!r}, as it was sent", song.title, f"{place}/title", done.exchange)


@requirement("suno.songs.words")
def test_songs_have_the_words_asked_for(any_suno_music: Evidence) -> None:
    done, songs = _songs(any_suno_music)
    for place, song in songs:
        told = [song.text, song.metadata.prompt if song.metadata else None]
        known = [" ".join(text.split()) for text in told if text and text.strip()]
        if not known:
            not_testable("no words of the song are told")
        kept = any(" ".join(TEXT.split()) in text for text in known)
        expect(kept, f"{TEXT!r}, as it was sent", song.text, f"{place}/text", done.exchange)


@requirement("suno.songs.tags")
def test_songs_have_the_style_asked_for(any_suno_music: Evidence) -> None:
    done, songs = _songs(any_suno_music)
    for place, song in songs:
        tags = song.metadata.tags if song.metadata else None
        if not tags:
            not_testable("no style is told")
        expect(TAGS in tags, f"{TAGS!r}, as it was sent", tags, f"{place}/metadata/tags", done.exchange)
