"""How a judge's word and the state of the evidence become a verdict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conformance.engine.contract import load_contract
from conformance.engine.evidence import Record
from conformance.engine.judge import Bench, Case, Outcome, Verdict, expect, inconclusive, not_testable, parsed, show
from conformance.engine.probe import Admit, Probe, Registry
from conformance.engine.requirement import Authority, Catalogue, Level, Requirement, requirement
from conformance.engine.target import EVERYTHING, Target
from conformance.wire.exchange import End, Exchange
from tests.support import answer


def sentence(identifier: str, level: Level) -> Requirement:
    return Requirement(
        id=identifier,
        family="chat",
        level=level,
        authority=Authority.VENDOR,
        statement="The answer is as it should be.",
        source="Somebody's reference",
        why="Clients break.",
        fix="Do it right.",
    )


CATALOGUE = Catalogue({i: sentence(i, level) for i, level in (("a.must", Level.MUST), ("a.should", Level.SHOULD))})


async def nothing(hub: Any) -> Exchange:
    raise AssertionError("never asked")


def registry(admit: Admit = Admit.ANSWER) -> Registry:
    found = Registry(load_contract())
    found.add(Probe("plain", nothing, "chat", "chat-completions", base=True))
    found.add(Probe("special", nothing, "chat", "chat-completions", admit=admit))
    return found


def judged(
    judge: Callable[..., None],
    special: Record | Exchange,
    *,
    plain: Exchange | None = None,
    admit: Admit = Admit.ANSWER,
    claims: frozenset[str] = frozenset(),
) -> Outcome:
    """The outcome of a judge on the evidence of `special`, an operation whose plainest request is `plain`."""
    probes = registry(admit)
    record = special if isinstance(special, Record) else Record("special", (special,))
    records = {"plain": Record("plain", (plain or answer({}),)), "special": record}
    bench = Bench(Target("http://127.0.0.1:1", claims=claims), CATALOGUE, probes, records.__getitem__)
    return bench.evaluate(Case(judge, {"special": probes.slots("special")[0]}))


@requirement("a.must")
def content_is_there(special: Exchange) -> None:
    body = parsed(special)
    expect("content" in body, "a content", body, "/content")


@requirement("a.should")
def content_would_be_nice(special: Exchange) -> None:
    assert "content" in special.json, "no content"


def test_a_kept_sentence_passes() -> None:
    assert judged(content_is_there, answer({"content": 1})).verdict is Verdict.PASS


def test_a_broken_must_fails_with_its_parts() -> None:
    outcome = judged(content_is_there, answer({"text": 1}))
    assert outcome.verdict is Verdict.FAIL
    assert outcome.finding is not None
    assert (outcome.finding.expected, outcome.finding.got, outcome.finding.at) == (
        "a content",
        '{"text": 1}',
        "/content",
    )


def test_a_broken_should_warns_and_a_bare_assert_will_do() -> None:
    outcome = judged(content_would_be_nice, answer({}))
    assert outcome.verdict is Verdict.WARN
    assert outcome.finding is not None
    assert outcome.finding.got.startswith("no content")


def test_what_a_judge_cannot_tell() -> None:
    @requirement("a.must")
    def cannot(special: Exchange) -> None:
        not_testable("no usage")

    @requirement("a.must")
    def unlucky(special: Exchange) -> None:
        inconclusive("too slow")

    assert judged(cannot, answer({})) == Outcome(Verdict.NOT_TESTABLE, "no usage", exchanges=(answer({}),))
    assert judged(unlucky, answer({})).verdict is Verdict.INCONCLUSIVE


def test_a_judge_that_stumbles_is_our_error_and_keeps_the_trace() -> None:
    @requirement("a.must")
    def clumsy(special: Exchange) -> None:
        special.json["choices"][0]

    outcome = judged(clumsy, answer({}))
    assert outcome.verdict is Verdict.ERROR
    assert "KeyError" in outcome.trace


def test_a_body_that_is_no_json_is_left_to_others() -> None:
    assert judged(content_is_there, answer(body=b"{oops")).verdict is Verdict.NOT_TESTABLE


@pytest.mark.parametrize("status", [400, 404, 405, 415, 422, 501])
def test_a_clean_refusal_is_not_offered_unless_claimed(status: int) -> None:
    refusal = answer({"error": {"message": "no", "type": "invalid_request_error"}}, status=status)
    assert judged(content_is_there, refusal).verdict is Verdict.NOT_OFFERED
    for claim in ("chat", "chat-completions", EVERYTHING):
        assert judged(content_is_there, refusal, claims=frozenset({claim})).verdict is Verdict.FAIL
    assert judged(content_is_there, refusal, claims=frozenset({"images"})).verdict is Verdict.NOT_OFFERED


def test_a_claimed_refusal_fails_even_a_should() -> None:
    refusal = answer({}, status=404)
    assert judged(content_would_be_nice, refusal, claims=frozenset({"chat"})).verdict is Verdict.FAIL


def test_a_web_page_is_a_refusal() -> None:
    page = answer(body=b"<html>", media_type="text/html")
    assert judged(content_is_there, page).verdict is Verdict.NOT_OFFERED


@pytest.mark.parametrize("admit", [Admit.ANSWER, Admit.REFUSAL])
def test_an_operation_whose_plainest_request_is_refused_is_not_offered(admit: Admit) -> None:
    plain = answer({}, status=404)
    assert judged(content_is_there, answer({}, status=400), plain=plain, admit=admit).verdict is Verdict.NOT_OFFERED


def test_a_refusal_that_was_asked_for_is_judged() -> None:
    refusal = answer({"content": "no"}, status=400)
    assert judged(content_is_there, refusal, admit=Admit.REFUSAL).verdict is Verdict.PASS


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_error_on_a_valid_request_is_left_to_its_own_sentence(status: int) -> None:
    assert judged(content_is_there, answer({}, status=status)).verdict is Verdict.NOT_TESTABLE


@pytest.mark.parametrize("status", [401, 402, 403, 429])
def test_no_access_and_rate_limits_are_inconclusive(status: int) -> None:
    assert judged(content_is_there, answer({}, status=status)).verdict is Verdict.INCONCLUSIVE


def test_no_answer_is_left_to_its_own_sentence_unless_raw_evidence_is_wanted() -> None:
    silence = answer(status=None, end=End.timeout, problem="no byte within 1 s")
    assert judged(content_is_there, silence).verdict is Verdict.NOT_TESTABLE

    @requirement("a.must")
    def answered(special: Exchange) -> None:
        expect(special.answered, "an answer", special.problem)

    assert judged(answered, silence, admit=Admit.RAW).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        ("inconclusive", Verdict.INCONCLUSIVE),
        ("not-testable", Verdict.NOT_TESTABLE),
        ("error", Verdict.ERROR),
    ],
)
def test_a_probe_that_stopped_says_why(kind: Any, verdict: Verdict) -> None:
    outcome = judged(content_is_there, Record("special", problem="because", problem_kind=kind))
    assert outcome.verdict is verdict
    assert "because" in outcome.reason


def test_a_value_is_shown_on_one_safe_and_bounded_line() -> None:
    assert show("a\x1b[31m\nb") == '"a\\u001b[31m\\nb"'
    assert show(b"\xff") == "'\\xff'"
    assert len(show("x" * 10_000)) < 700
    assert show({"a": float("nan")}) == '{"a": NaN}'


def test_an_answer_that_was_too_large_blames_nobody_for_what_its_beginning_says() -> None:
    def judge(special: Exchange) -> None:
        parsed(special)

    cut = answer({}, end=End.too_large, problem="the body is larger than 1048576 bytes; the suite hung up")
    found = judged(requirement("a.must")(judge), cut)
    assert found.verdict is Verdict.NOT_TESTABLE
    assert "larger than 1048576 bytes" in found.reason


@pytest.mark.parametrize(
    ("plain", "claims", "verdict"),
    [
        (answer({}, status=404), frozenset(), Verdict.NOT_OFFERED),
        (answer({}, status=404), frozenset({EVERYTHING}), Verdict.NOT_TESTABLE),
        (answer({}), frozenset(), Verdict.NOT_TESTABLE),
        (answer({}, status=500), frozenset(), Verdict.NOT_TESTABLE),
    ],
)
def test_what_was_not_asked_is_not_offered_where_its_whole_family_is_refused(
    plain: Exchange, claims: frozenset[str], verdict: Verdict
) -> None:
    outcome = judged(content_is_there, Record("special", problem="asked only of others"), plain=plain, claims=claims)
    assert outcome.verdict is verdict
