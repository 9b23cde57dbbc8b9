"""Faults of what prompts are said to cost."""

from collections.abc import Callable

from conformance.hub.faults.base import Ask, Reply, Spoil, fault
from conformance.hub.faults.shaping import Body

CHAT = "chat-completions"
LONG = b"copying machine"
"""In the longer one of the prompts whose counts are compared."""
ONE_TURN = b"no corrections. Repeat exactly"
"""In the same text where the user says it all."""
RESPELLED = b"{\n"
"""At the beginning of a request that is sent again, spelled otherwise."""
NAMES = {
    "usage": (("prompt_tokens", "total_tokens"), ("input_tokens", "total_tokens")),
    "usageMetadata": (("promptTokenCount", "totalTokenCount"),),
}


def _recounts(part: bytes, *operations: str) -> Callable[[Callable[[Ask, int], int]], Spoil]:
    """Makes a fault of a function from the request and the count of its prompt to another count."""

    def wrap(count: Callable[[Ask, int], int]) -> Spoil:
        def spoil(ask: Ask, reply: Reply) -> Reply:
            if ask.operation not in operations or part not in ask.body or not (reply.status == 200 and reply.is_json):
                return reply
            answer = reply.json
            _recount(answer, lambda known: count(ask, known))
            return reply.with_json(answer)

        return spoil

    return wrap


def _recount(answer: Body, count: Callable[[int], int]) -> None:
    for holder, pairs in NAMES.items():
        for prompt, total in pairs:
            usage = answer.get(holder) or {}
            if prompt in usage:
                more = count(usage[prompt]) - usage[prompt]
                usage[prompt] += more
                usage[total] = usage.get(total, 0) + more


fault(
    "metering.constant",
    "Every prompt of the Anthropic format counts ten tokens.",
    "metering.prompt.grows",
    also={"metering.formats.close": "the others count tokens"},
    source="mocks, and gateways that count messages in the place of tokens",
)(_recounts(ONE_TURN, "claude-messages")(lambda _ask, _count: 6))
fault(
    "metering.cut",
    "The prompt of a response is counted up to its first sentence.",
    "metering.prompt.grows",
    also={"metering.formats.close": "the others count the whole prompt"},
    source="tashfeenahmed/freellmapi#845",
)(_recounts(ONE_TURN, "responses-create")(lambda _ask, _count: 7))
fault(
    "metering.messages",
    "A chat prompt is counted in words.",
    "metering.prompt.plausible",
    also={
        "metering.formats.close": "the others count tokens",
        "chat.stream.same-usage": "streams count tokens",
        "chat.usage.details": "the details count tokens",
    },
    source="tashfeenahmed/freellmapi#845",
)(_recounts(LONG, CHAT)(lambda ask, _count: 16))
fault(
    "metering.twice-the-bytes",
    "A prompt of the Google format counts two tokens for a byte.",
    "metering.prompt.plausible",
    also={"metering.formats.close": "the others count tokens"},
    source="plain logic: a unit that was converted the wrong way",
)(_recounts(ONE_TURN, "gemini-generate-content")(lambda ask, _count: 2 * len(ask.body)))
fault(
    "metering.blanks",
    "The count of a prompt is estimated from the length of the body, blanks included.",
    "metering.prompt.same",
    source="gateways that estimate before they parse",
)(_recounts(RESPELLED, CHAT)(lambda ask, _count: len(ask.body) // 4))


@fault(
    "metering.dearer-elsewhere",
    "The same model counts half as much again in the Google format.",
    "metering.formats.close",
    source="plain logic: each format counts with a tokeniser of its own",
)
def dearer_elsewhere(ask: Ask, reply: Reply) -> Reply:
    if "gpt-4o-mini" not in ask.path:
        return reply
    return _recounts(ONE_TURN, "gemini-generate-content")(lambda _ask, count: count * 3 // 2)(ask, reply)


fault(
    "metering.dearer-responses",
    "Responses count fifty tokens of instructions that nobody gave.",
    "metering.formats.close",
    source="gateways that add a system text on one route",
)(_recounts(ONE_TURN, "responses-create")(lambda _ask, count: count + 50))
