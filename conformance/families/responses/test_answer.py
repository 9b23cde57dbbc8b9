"""What every response object is made of: the whole answer, and the one in the last event of a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.reading import asked
from conformance.engine.kit.replies import expect_model, expect_now, whole_answers
from conformance.engine.requirement import requirement
from conformance.families.responses.reading import Evidence, Placed, Said, answers, expect_shape, items, said, usage_of
from conformance.families.responses.views import Item
from conformance.wire.exchange import Exchange

VENDOR_MEMBERS = (
    "error",
    "incomplete_details",
    "instructions",
    "metadata",
    "parallel_tool_calls",
    "temperature",
    "tool_choice",
    "tools",
    "top_p",
)
ECHOED = (
    "instructions",
    "max_output_tokens",
    "metadata",
    "parallel_tool_calls",
    "previous_response_id",
    "temperature",
    "tool_choice",
    "tools",
    "top_p",
)
"""Settings that an answer repeats as they took effect."""


@requirement("responses.answer.envelope")
def test_answer_has_its_envelope(any_responses_reply: Evidence) -> None:
    expect_shape(any_responses_reply, "envelope")


@requirement("responses.answer.vendor-members")
def test_answer_has_the_members_of_the_vendor(any_responses_reply: Evidence) -> None:
    for exchange, one in answers(any_responses_reply):
        if isinstance(one.value, dict):
            missing = [name for name in VENDOR_MEMBERS if name not in one.value]
            wanted = f"the members {', '.join(VENDOR_MEMBERS)}"
            expect(not missing, wanted, Words(f"an object without {', '.join(missing)}"), one.at, exchange)


@requirement("responses.answer.status")
def test_status_is_a_known_word(any_responses_reply: Evidence) -> None:
    expect_shape(any_responses_reply, "status")


@requirement("responses.answer.final")
def test_answer_is_final(any_responses_answer: Evidence) -> None:
    for exchange, one in answers(whole_answers(any_responses_answer)):
        open_still = one.view.status in ("in_progress", "queued")
        wanted = "a final status, because nothing was asked to run in the background"
        expect(not open_still, wanted, one.view.status, one.place("/status"), exchange)


@requirement("responses.answer.status-fits")
def test_status_fits_the_rest(any_responses_reply: Evidence) -> None:
    for exchange, one in answers(any_responses_reply):
        error = one.value.get("error") if isinstance(one.value, dict) else None
        details = one.value.get("incomplete_details") if isinstance(one.value, dict) else None
        if one.view.status == "completed":
            expect(error is None, "no error, because the answer is completed", error, one.place("/error"), exchange)
            at = one.place("/incomplete_details")
            expect(details is None, "no incomplete_details, because the answer is completed", details, at, exchange)
        elif one.view.status == "incomplete":
            reason = one.view.incomplete_details.reason if one.view.incomplete_details else None
            at = one.place("/incomplete_details/reason")
            expect(reason, "the reason, because the answer is incomplete", reason or details, at, exchange)
        elif one.view.status == "failed":
            expect(one.view.error, "the error, because the answer failed", error, one.place("/error"), exchange)


@requirement("responses.answer.completed-at")
def test_only_a_completed_answer_has_a_time_of_completion(any_responses_reply: Evidence) -> None:
    for exchange, one in answers(any_responses_reply):
        stamp = one.view.completed_at
        if stamp is None:
            not_testable("there is no completed_at, which nobody has to send")
        at = one.place("/completed_at")
        expect(one.view.status == "completed", f"null, because the status is {one.view.status}", stamp, at, exchange)
        created = one.view.created_at
        later = created is None or stamp >= created
        expect(later, f"no time before created_at, which is {created}", stamp, at, exchange)


@requirement("responses.answer.created-now")
def test_created_at_is_now_in_seconds(any_responses_reply: Evidence) -> None:
    for exchange, one in answers(any_responses_reply):
        expect_now(one.view.created_at, exchange, one.place("/created_at"))


@requirement("responses.answer.model-named")
def test_model_is_the_one_asked_for(any_responses_reply: Evidence) -> None:
    for exchange, one in answers(any_responses_reply):
        expect_model(exchange, one.view.model, one.place("/model"))


@requirement("responses.answer.id-unique")
def test_ids_are_unique(responses_answer: Exchange, later_responses_reply: Evidence) -> None:
    first = said(responses_answer).view.id
    for exchange, one in answers(later_responses_reply):
        if not first:
            not_testable("the plain answer has no id, which another sentence judges")
        expect(one.view.id != first, "an id of its own for every answer", first, one.place("/id"), exchange)


@requirement("responses.answer.says-something")
def test_completed_answer_says_something(any_responses_reply: Evidence) -> None:
    for exchange, one in answers(any_responses_reply):
        if one.view.status == "completed":
            told = any(_speaks(item) for item in one.view.output)
            wanted = "a text, a refusal or a call in a completed answer"
            expect(told, wanted, one.value.get("output"), one.place("/output"), exchange)


def _speaks(item: Item) -> bool:
    return item.type not in ("message", "reasoning") or any(part.words for part in item.content)


@requirement("responses.answer.settings-echoed")
def test_settings_are_repeated(any_responses_reply: Evidence) -> None:
    for exchange, one in answers(any_responses_reply):
        wanted = asked(exchange)
        for name in ECHOED:
            if wanted.get(name) is not None and isinstance(one.value, dict) and name in one.value:
                got = one.value[name]
                same = _same_setting(name, wanted[name], got)
                expect(same, f"{name} as it was asked for", got, one.place(f"/{name}"), exchange)


def _same_setting(name: str, wanted: Any, got: Any) -> bool:
    if name == "tools":
        return _names(wanted) == _names(got)
    if name == "tool_choice" and isinstance(wanted, Mapping):
        return isinstance(got, Mapping) and all(got.get(key) == value for key, value in wanted.items())
    if name == "instructions":
        return isinstance(got, str) and wanted in got
    if isinstance(wanted, bool) or isinstance(got, bool):
        return wanted is got
    return bool(wanted == got)


def _names(tools: Any) -> list[Any]:
    listed = tools if isinstance(tools, list) else []
    return [tool.get("name") for tool in listed if isinstance(tool, Mapping)]


@requirement("responses.items.shape")
def test_items_have_their_shape(any_responses_reply: Evidence) -> None:
    expect_shape(any_responses_reply, "items", lambda one, at: _type_at(one, at) != "function_call")


@requirement("responses.items.call-shape")
def test_calls_have_their_shape(any_responses_reply: Evidence) -> None:
    expect_shape(any_responses_reply, "items", lambda one, at: _type_at(one, at) == "function_call")


def _type_at(one: Said, pointer: str) -> str | None:
    """The type of the output item that a pointer leads into."""
    item = one.value["output"][int(pointer.split("/")[2])]
    return item.get("type") if isinstance(item, dict) else None


@requirement("responses.items.lists")
def test_items_have_their_lists(any_responses_reply: Evidence) -> None:
    for exchange, item in _items(any_responses_reply):
        for kind, name in (("message", "content"), ("reasoning", "summary")):
            if item.view.type == kind:
                got = item.value.get(name, Words("none"))
                wanted = f"a list, empty as long as there is no {name}"
                expect(isinstance(got, list), wanted, got, f"{item.at}/{name}", exchange)


@requirement("responses.items.message-status")
def test_messages_have_a_status(any_responses_reply: Evidence) -> None:
    for exchange, item in _items(any_responses_reply):
        if item.view.type == "message":
            known = item.view.status in ("in_progress", "completed", "incomplete")
            got = item.value.get("status", Words("none"))
            expect(known, "in_progress, completed or incomplete", got, f"{item.at}/status", exchange)


@requirement("responses.items.annotations")
def test_texts_have_a_list_of_annotations(any_responses_reply: Evidence) -> None:
    for exchange, item in _items(any_responses_reply):
        for place, part in enumerate(item.view.content):
            if part.type == "output_text":
                at = f"{item.at}/content/{place}/annotations"
                has = part.annotations is not None
                expect(has, "a list, empty as a rule", part.model_dump().get("annotations"), at, exchange)


@requirement("responses.items.ids-unique")
def test_items_have_an_id_of_their_own(any_responses_reply: Evidence) -> None:
    for exchange, one in answers(any_responses_reply):
        ids = [item.id for item in one.view.output if item.id is not None]
        expect("" not in ids, "ids that are not empty", ids, one.place("/output"), exchange)
        expect(len(set(ids)) == len(ids), "an id of its own for every item", ids, one.place("/output"), exchange)


@requirement("responses.items.call-ids-unique")
def test_calls_have_an_id_of_their_own(any_responses_reply: Evidence) -> None:
    for exchange, one in answers(any_responses_reply):
        ids = [item.call_id for item in one.view.calls if item.call_id]
        expect(len(set(ids)) == len(ids), "a call_id of its own for every call", ids, one.place("/output"), exchange)


def _items(evidence: Evidence) -> Iterator[tuple[Exchange, Placed]]:
    for exchange, _ in answers(evidence):
        for item in items(exchange):
            yield exchange, item


@requirement("responses.usage.present")
def test_answer_has_usage(any_responses_reply: Evidence) -> None:
    for exchange, one in answers(any_responses_reply):
        if one.view.status == "failed":
            not_testable("the answer failed")
        given = isinstance(one.value, dict) and one.value.get("usage") is not None
        expect(given, "a usage object", Words("none"), one.place("/usage"), exchange)


@requirement("responses.usage.shape")
def test_usage_has_three_counts(any_responses_reply: Evidence) -> None:
    expect_shape(any_responses_reply, "usage")


@requirement("responses.usage.words")
def test_usage_is_in_the_words_of_this_api(any_responses_reply: Evidence) -> None:
    for exchange, one, value in _counts(any_responses_reply):
        missing = [name for name in ("input_tokens", "output_tokens") if name not in value]
        expect(not missing, "input_tokens and output_tokens", list(value), one.place("/usage"), exchange)


@requirement("responses.usage.details-present")
def test_usage_has_its_details(any_responses_reply: Evidence) -> None:
    for exchange, one, value in _counts(any_responses_reply):
        usage = one.view.usage
        has = usage is not None and usage.cached is not None and usage.thought is not None
        wanted = "input_tokens_details.cached_tokens and output_tokens_details.reasoning_tokens"
        expect(has, wanted, value, one.place("/usage"), exchange)


def _counts(evidence: Evidence) -> Iterator[tuple[Exchange, Said, dict[str, Any]]]:
    for exchange, one in answers(evidence):
        value = one.value.get("usage") if isinstance(one.value, dict) else None
        if not isinstance(value, dict):
            not_testable("there is no usage object, which another sentence judges")
        yield exchange, one, value


@requirement("responses.usage.total")
def test_total_is_the_sum(any_responses_reply: Evidence) -> None:
    for exchange, one in answers(any_responses_reply):
        usage = usage_of(exchange)
        wanted = (usage.taken or 0) + (usage.given or 0)
        if usage.total_tokens is not None:
            right, at = usage.total_tokens == wanted, one.place("/usage/total_tokens")
            expect(right, f"{usage.taken} + {usage.given} = {wanted}", usage.total_tokens, at, exchange)


@requirement("responses.usage.details")
def test_details_do_not_exceed_their_totals(any_responses_reply: Evidence) -> None:
    for exchange, one in answers(any_responses_reply):
        usage = usage_of(exchange)
        for part, total, name in ((usage.cached, usage.taken, "cached"), (usage.thought, usage.given, "reasoning")):
            if part is not None and total is not None:
                wanted = f"at most {total}, as the total says"
                expect(part <= total, wanted, part, one.place(f"/usage ({name}_tokens)"), exchange)


@requirement("responses.usage.input-positive")
def test_prompt_costs_tokens(any_responses_reply: Evidence) -> None:
    for exchange, one in answers(any_responses_reply):
        count = usage_of(exchange).taken
        expect(count, "more than 0, because there was a prompt", count, one.place("/usage/input_tokens"), exchange)


@requirement("responses.usage.output-positive")
def test_answer_costs_tokens(any_responses_reply: Evidence) -> None:
    for exchange, one in answers(any_responses_reply):
        count = usage_of(exchange).given
        told = any(item.text or item.arguments for item in one.view.output)
        at = one.place("/usage/output_tokens")
        expect(count or not told, "more than 0, because there is an answer", count, at, exchange)
