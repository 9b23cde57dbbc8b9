"""The model list in the Anthropic format: its times, its pages, and the newer clients."""

from __future__ import annotations

import re

from conformance.engine.contract import load_contract
from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.requirement import requirement
from conformance.families.claude.probes import PAGE
from conformance.families.claude.reading import Evidence
from conformance.families.claude.views import Page
from conformance.wire.exchange import Exchange

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


@requirement("claude.models.created")
def test_times_are_moments(claude_model_pages: Evidence) -> None:
    for place, entry in enumerate(_page(claude_model_pages, 0).data):
        created = entry.created_at or ""
        expect(RFC_3339.fullmatch(created), "a moment as in RFC 3339", created, f"/data/{place}/created_at")


@requirement("claude.models.ends")
def test_first_and_last_are_named(claude_model_pages: Evidence) -> None:
    for number, exchange in enumerate(claude_model_pages):
        if not _is_list(exchange):
            continue
        page = _page(claude_model_pages, number)
        ends = (page.ids[0], page.ids[-1]) if page.ids else (None, None)
        for name, told, end in (("first_id", page.first_id, ends[0]), ("last_id", page.last_id, ends[1])):
            if told or page.has_more:
                expect(told == end, f"{end}, that end of the page", told, f"/{name}", exchange)


@requirement("claude.models.limit")
def test_limit_is_kept(claude_model_pages: Evidence) -> None:
    _full(claude_model_pages)
    got = len(_page(claude_model_pages, 1).data)
    expect(got <= PAGE, f"at most {PAGE} models, as asked for", got, "/data", claude_model_pages[1])


@requirement("claude.models.has-more")
def test_there_is_more_when_there_is_more(claude_model_pages: Evidence) -> None:
    full, page = _full(claude_model_pages), _page(claude_model_pages, 1)
    more = bool(full.has_more) or len(page.data) < len(full.data)
    why = f"{str(more).lower()}, for {len(page.data)} models of at least {len(full.data)}"
    expect(page.has_more is more, why, page.has_more, "/has_more", claude_model_pages[1])


@requirement("claude.models.next-page")
def test_next_page_goes_on(claude_model_pages: Evidence) -> None:
    full, first = _full(claude_model_pages), _page(claude_model_pages, 1)
    if not first.has_more or first.last_id not in full.ids:
        not_testable("the first page says that there is no other, or names no last model")
    behind = full.ids[full.ids.index(first.last_id) + 1 :][:PAGE]
    got = _page(claude_model_pages, 2).ids
    expect(got[: len(behind)] == behind, f"{behind}, which follow {first.last_id}", got, "/data", claude_model_pages[2])


@requirement("claude.models.last-page")
def test_pages_come_to_an_end(claude_model_pages: Evidence) -> None:
    full, first = _full(claude_model_pages), _page(claude_model_pages, 1)
    if full.has_more or not first.has_more:
        not_testable("the list is longer than what came without a limit, or the hub gives no pages")
    if len(claude_model_pages) < 4:
        not_testable("the page behind the last model was not asked for")
    page = _page(claude_model_pages, 3)
    got = Words(f"{len(page.data)} models, has_more {str(page.has_more).lower()}")
    ended = not page.data and not page.has_more
    expect(ended, "no model and has_more false behind the last one", got, "", claude_model_pages[3])


@requirement("claude.models.bearer")
def test_newer_clients_get_their_list(claude_models_bearer: Exchange) -> None:
    said = Words(f"HTTP {claude_models_bearer.status}: {claude_models_bearer.text[:120]}")
    expect(_is_list(claude_models_bearer), "an AnthropicModelsResponse", said)


def _is_list(exchange: Exchange) -> bool:
    if not exchange.ok or not exchange.is_json:
        return False
    return not load_contract().violations("AnthropicModelsResponse", exchange.json)


def _page(evidence: Evidence, number: int) -> Page:
    """One of the pages: the whole list, the first page, the next one, the one behind the last model."""
    if number >= len(evidence):
        not_testable("this page was not asked for, because the one before does not say where it ends")
    if not _is_list(evidence[number]):
        not_testable("this is no list in the Anthropic format; `models.shared-path.anthropic` judges that")
    return Page.of(evidence[number])


def _full(evidence: Evidence) -> Page:
    full = _page(evidence, 0)
    if len(full.data) <= PAGE:
        not_testable("there are too few models for pages")
    return full
