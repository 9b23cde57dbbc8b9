"""The model list in the Anthropic format: its times, its pages, and the newer clients."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

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
    whole = _whole(claude_model_pages)
    for place, entry in enumerate(Page.of(whole).data):
        created = entry.created_at or ""
        expect(RFC_3339.fullmatch(created), "a moment as in RFC 3339", created, f"/data/{place}/created_at", whole)


@requirement("claude.models.ends")
def test_first_and_last_are_named(claude_model_pages: Evidence) -> None:
    for exchange in claude_model_pages:
        if not _is_list(exchange):
            continue
        page = Page.of(exchange)
        ends = (page.ids[0], page.ids[-1]) if page.ids else (None, None)
        for name, told, end in (("first_id", page.first_id, ends[0]), ("last_id", page.last_id, ends[1])):
            if told or page.has_more:
                expect(told == end, f"{end}, that end of the page", told, f"/{name}", exchange)


@requirement("claude.models.limit")
def test_limit_is_kept(claude_model_pages: Evidence) -> None:
    _, exchange = _behind_first(claude_model_pages)
    got = len(Page.of(exchange).data)
    expect(got <= PAGE, f"at most {PAGE} models, as asked for", got, "/data", exchange)


@requirement("claude.models.has-more")
def test_there_is_more_when_there_is_more(claude_model_pages: Evidence) -> None:
    behind, exchange = _behind_first(claude_model_pages)
    page = Page.of(exchange)
    more = len(behind) > len(page.ids)
    why = f"{str(more).lower()}, for {len(page.data)} models where {len(behind)} follow {_end_of(exchange)}"
    expect(page.has_more is more, why, page.has_more, "/has_more", exchange)


@requirement("claude.models.next-page")
def test_next_page_goes_on(claude_model_pages: Evidence) -> None:
    behind, exchange = _behind_first(claude_model_pages)
    wanted, got = behind[:PAGE], Page.of(exchange).ids
    expect(got[:PAGE] == wanted, f"{wanted}, which follow {_end_of(exchange)}", got, "/data", exchange)


@requirement("claude.models.last-page")
def test_pages_come_to_an_end(claude_model_pages: Evidence) -> None:
    whole, exchange = Page.of(_whole(claude_model_pages)), _needed_list(_pages(claude_model_pages)[-1])
    if whole.has_more:
        not_testable("the list is longer than what came without a limit")
    page = Page.of(exchange)
    got = Words(f"{len(page.data)} models, has_more {str(page.has_more).lower()}")
    ended = not page.data and not page.has_more
    expect(ended, "no model and has_more false behind the last one", got, "", exchange)


@requirement("claude.models.bearer")
def test_newer_clients_get_their_list(claude_model_pages: Evidence) -> None:
    newer = claude_model_pages[0]
    expect(_is_list(newer), "an AnthropicModelsResponse", Words(f"HTTP {newer.status}: {newer.text[:120]}"), "", newer)


def _is_list(exchange: Exchange) -> bool:
    if not exchange.ok or not exchange.is_json:
        return False
    return not load_contract().violations("AnthropicModelsResponse", exchange.json)


def _whole(evidence: Evidence) -> Exchange:
    """The whole list, as the newer clients get it, or else as the older ones do."""
    lists = [exchange for exchange in evidence if _end_of(exchange) is None]
    return next((one for one in lists if _is_list(one)), None) or _needed_list(lists[-1])


def _needed_list(exchange: Exchange) -> Exchange:
    if not _is_list(exchange):
        not_testable("this is no list in the Anthropic format; `models.shared-path.anthropic` judges that")
    return exchange


def _pages(evidence: Evidence) -> list[Exchange]:
    """The page behind the first model and the one behind the last."""
    found = [exchange for exchange in evidence if _end_of(exchange) is not None]
    return found or not_testable("no page was asked for, because no list names its models")


def _behind_first(evidence: Evidence) -> tuple[list[str], Exchange]:
    """The models that follow the first one, and the page that was asked for behind it."""
    ids, page = Page.of(_whole(evidence)).ids, _needed_list(_pages(evidence)[0])
    after = _end_of(page)
    if len(ids) <= PAGE + 1 or after not in ids:
        not_testable("there are too few models for pages")
    return ids[ids.index(after) + 1 :], page


def _end_of(exchange: Exchange) -> str | None:
    """The model that a page was asked for behind."""
    return next(iter(parse_qs(urlsplit(exchange.request.url).query).get("after_id", [])), None)
