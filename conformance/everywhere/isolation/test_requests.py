"""Judges of what requests have to do with each other: nothing."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from urllib.parse import unquote, urlsplit

from conformance.engine.judge import Words, expect, inconclusive, not_testable, nothing_here
from conformance.engine.kit.answers import counts_of, id_of, text_of
from conformance.engine.kit.reading import served
from conformance.engine.probe import Conversation
from conformance.engine.requirement import requirement
from conformance.everywhere.common import refused
from conformance.everywhere.errors.views import SPELLING, is_error_body, odd
from conformance.everywhere.isolation.probes import CODE_WORD, DROPPED_MARK, MARKS
from conformance.wire.exchange import Exchange

CLOCK_TOLERANCE = 300.0
SHORTEST_ID = 6
FACTS_OF_NOTHING = 3
"""Members that an entry may have for an id that nobody has: the id, its kind, and a word that says so."""
SLOWER = 5
SLOW_SECONDS = 5.0
BYTES_A_TOKEN = 12
"""More than any tokeniser makes of ordinary text."""
ACCOUNT_HEADERS = ("openai-organization", "openai-project", "anthropic-organization-id")
VENDORS = ("openai.com", "anthropic.com", "googleapis.com", "google.com", "x.ai", "mistral.ai", "deepseek.com")


def _expect_own_marks(exchange: Exchange) -> None:
    asked = exchange.request.body.decode("utf-8", "replace")
    foreign = sorted(mark for mark in MARKS if mark not in asked and _holds(exchange, mark))
    expect(not foreign, "no mark of another request", foreign, exchange=exchange)


def _holds(exchange: Exchange, mark: str) -> bool:
    return mark in exchange.text or mark in text_of(exchange)


@requirement("isolation.burst.apart")
def test_nothing_of_another_request(beside_marks: Conversation) -> None:
    for exchange in beside_marks:
        _expect_own_marks(exchange)


@requirement("isolation.sequence.apart")
def test_nothing_of_the_request_before(isolation_sequence: Conversation) -> None:
    for exchange in isolation_sequence[1:]:
        _expect_own_marks(exchange)


@requirement("isolation.drop.apart")
def test_nothing_of_the_dropped_stream(isolation_after_drop: Exchange) -> None:
    holds = _holds(served(isolation_after_drop), DROPPED_MARK)
    expect(not holds, f"nothing of the stream with {DROPPED_MARK}", text_of(isolation_after_drop))
    _expect_own_marks(isolation_after_drop)


@requirement("isolation.drop.served")
def test_the_next_one_is_served(isolation_after_drop: Exchange, chat_echo_stream: Exchange) -> None:
    served(chat_echo_stream)
    got = Words(f"HTTP {isolation_after_drop.status}: {isolation_after_drop.text[:160]!r}")
    expect(isolation_after_drop.ok, "HTTP 2xx, as for every stream", got, exchange=isolation_after_drop)


@requirement("isolation.drop.speed")
def test_the_next_one_is_quick(isolation_after_drop: Exchange, chat_echo_stream: Exchange) -> None:
    usual, took = served(chat_echo_stream).elapsed, served(isolation_after_drop).elapsed
    most = SLOWER * usual + SLOW_SECONDS + isolation_after_drop.stalled
    got = Words(f"{took:.1f} s after {usual:.1f} s for a like one")
    expect(took <= most, f"at most {most:.1f} s", got, exchange=isolation_after_drop)


@requirement("isolation.connection.after-refusal")
def test_nothing_is_left_of_a_refused_body(isolation_sequence: Conversation, model_list_reply: Exchange) -> None:
    refusal, after = isolation_sequence[:2]
    if refusal.ok or not model_list_reply.answered or model_list_reply.status == 429:
        not_testable("the body was not refused, or the list is not known")
    got = Words(f"HTTP {after.status}: {after.text[:160]!r}")
    expect(after.status == model_list_reply.status, f"HTTP {model_list_reply.status}, as without", got, "", after)


@requirement("isolation.request.spelling")
def test_spelling_does_not_matter(errors_oddities: Conversation) -> None:
    otherwise = odd(errors_oddities, SPELLING)
    got = Words(f"HTTP {otherwise.status}: {otherwise.text[:160]!r}")
    expect(otherwise.ok, "an answer, as to the plain spelling", got, exchange=otherwise)


@requirement("isolation.ids.unique")
def test_no_id_of_a_stream_is_used_again(
    chat_echo_stream: Exchange,
    chat_schema_stream: Exchange,
    chat_tools_two_stream: Exchange,
    isolation_sequence: Conversation,
    isolation_after_drop: Exchange,
) -> None:
    streams = (chat_echo_stream, chat_schema_stream, chat_tools_two_stream, isolation_sequence[2], isolation_after_drop)
    _expect_other_ids(*streams)


@requirement("isolation.ids.unique")
def test_no_id_is_used_in_another_format(
    chat_echo: Exchange,
    metering_responses: Conversation,
    metering_claude: Conversation,
    metering_gemini: Conversation,
) -> None:
    _expect_other_ids(chat_echo, metering_responses[-1], metering_claude[-1], metering_gemini[-1])


def _expect_other_ids(*exchanges: Exchange) -> None:
    known: dict[str, Exchange] = {}
    for exchange, one in _changing_ids([exchange for exchange in exchanges if exchange.ok]):
        expect(one not in known, "an id that no other answer has", one, "the id", exchange)
        known[one] = exchange
    if len(known) < 2:
        not_testable("there are no two answers with an id of their own")


def _changing_ids(answers: list[Exchange]) -> Iterator[tuple[Exchange, str]]:
    """Ids with their answers. An id that all answers of a kind have is left to the format's own sentence."""
    kinds: dict[tuple[str, bool], list[tuple[Exchange, str]]] = {}
    for exchange in answers:
        one = id_of(exchange)
        if one and exchange.request.body:
            kinds.setdefault((urlsplit(exchange.request.url).path, bool(exchange.events)), []).append((exchange, one))
    for found in kinds.values():
        if len(found) == 1 or len({one for _, one in found}) > 1:
            yield from found


@requirement("isolation.large.prompt")
def test_a_large_prompt_is_taken_whole(isolation_sequence: Conversation) -> None:
    large = isolation_sequence[2]
    failed = (large.status or 0) >= 500 and large.status != 501
    got = Words(f"HTTP {large.status}: {large.text[:160]!r}")
    expect(not failed, "an answer, or HTTP 4xx", got, exchange=large)
    count = counts_of(served(large)).prompt
    least = len(large.request.body) // BYTES_A_TOKEN
    if count is not None:
        expect(count >= least, f"a prompt of {least} tokens and more", count, "the count of the prompt", large)
    elif CODE_WORD not in text_of(large):
        not_testable("neither the count nor the answer tells whether the prompt came through")


@requirement("isolation.stranger.task")
def test_tasks_are_shown_to_their_owner_alone(strangers_tasks: Conversation) -> None:
    for exchange in _by_a_stranger(strangers_tasks):
        shown = exchange.ok and not (exchange.is_json and is_error_body(exchange.json)) and _tells(exchange)
        got = Words(f"HTTP {exchange.status}: {exchange.text[:160]!r}")
        expect(not shown, "a refusal, as of an id that nobody has", got, exchange=exchange)


def _tells(exchange: Exchange) -> bool:
    """Whether an answer tells of what it was asked for: more than that there is no such thing under this id."""
    asked = unquote(urlsplit(exchange.request.url).path) + exchange.request.body.decode("utf-8", "replace")
    return not exchange.is_json or any(_is_it(one, asked) for one in _objects_in(exchange.json))


def _is_it(one: dict[str, object], asked: str) -> bool:
    named = any(isinstance(value, str) and len(value) >= SHORTEST_ID and value in asked for value in one.values())
    return named and sum(bool(value) for value in one.values()) > FACTS_OF_NOTHING


def _objects_in(value: object) -> Iterator[dict[str, object]]:
    if isinstance(value, dict):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        yield from _objects_in(one)


@requirement("isolation.stranger.answer")
def test_answers_are_known_to_their_owner_alone(strangers_answer: Conversation) -> None:
    went_on, read = _by_a_stranger(strangers_answer)
    got = Words(f"HTTP {went_on.status}: {went_on.text[:160]!r}")
    expect(refused(went_on), "a refusal, as of an id that nobody has", got, "", went_on)
    shown = read.ok and _tells(read)
    expect(not shown, "no answer of somebody else", Words(f"HTTP {read.status}: {read.text[:160]!r}"), "", read)


def _by_a_stranger(exchanges: Conversation) -> Conversation:
    if not exchanges:
        nothing_here("there is no second token (--second-token-env), or nothing that it could look up")
    if any(exchange.status == 401 for exchange in exchanges):
        inconclusive("the hub answered 401 to the second token")
    return exchanges


@requirement("isolation.clock.date")
def test_the_date_is_now(plain_question: Conversation) -> None:
    dated = [(exchange, at) for exchange in plain_question if (at := _date(exchange)) is not None]
    if not dated:
        not_testable("no reply here has a date that can be read; `transport.date` judges that")
    for exchange, at in dated:
        # The header is written somewhere between the request and its answer, in whole seconds.
        early, late = exchange.started - CLOCK_TOLERANCE, exchange.started + exchange.elapsed + CLOCK_TOLERANCE
        got = Words(f"{exchange.header('date')}, which is {at - exchange.started:+.0f} s away")
        expect(early <= at <= late, "the time of the reply by the clock of the suite", got, "date", exchange)


def _date(exchange: Exchange) -> float | None:
    try:
        return parsedate_to_datetime(exchange.header("date") or "").timestamp()
    except (ValueError, OverflowError):
        return None


@requirement("isolation.upstream.anonymous")
def test_upstream_stays_anonymous(plain_question: Conversation) -> None:
    for exchange in plain_question:
        if _is_of(urlsplit(exchange.request.url).hostname or ""):
            not_testable("this is the vendor itself")
        for name in ACCOUNT_HEADERS:
            expect(exchange.header(name) is None, "no such header", exchange.header(name), name, exchange)
        for cookie in exchange.header_all("set-cookie"):
            expect(not _is_of(_domain(cookie)), "no cookie for another host", cookie, "set-cookie", exchange)


def _is_of(host: str) -> bool:
    return any(host == vendor or host.endswith(f".{vendor}") for vendor in VENDORS)


def _domain(cookie: str) -> str:
    attributes = (part.strip().partition("=") for part in cookie.split(";")[1:])
    return next((value.strip().lstrip(".").lower() for name, _, value in attributes if name.lower() == "domain"), "")
