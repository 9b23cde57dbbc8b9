"""Faults of what prompts are said to cost."""

from collections.abc import Callable

from conformance.hub.faults.base import Ask, Reply, Spoil, fault
from conformance.hub.faults.shaping import Body

CHAT = "chat-completions"
LONG = b"Pay no attention to these words"
"""In the long one of the prompts whose counts are compared."""
MARKED = b"write nothing else: "
"""In requests that are sent again, spelled otherwise."""
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
)(_recounts(LONG, "claude-messages")(lambda _ask, _count: 6))
fault(
    "metering.cut",
    "The prompt of a response is counted up to its first sentence.",
    "metering.prompt.grows",
    also={"metering.formats.close": "the others count the whole prompt"},
    source="tashfeenahmed/freellmapi#845",
)(_recounts(LONG, "responses-create")(lambda _ask, _count: 7))
fault(
    "metering.messages",
    "A chat prompt is estimated at a token for thirty characters.",
    "metering.prompt.plausible",
    also={"metering.formats.close": "the others count tokens"},
    source="tashfeenahmed/freellmapi#845",
)(_recounts(LONG, CHAT)(lambda ask, _count: len(ask.body) // 30))
fault(
    "metering.twice-the-bytes",
    "A prompt of the Google format counts two tokens for a byte.",
    "metering.prompt.plausible",
    also={"metering.formats.close": "the others count tokens"},
    source="plain logic: a unit that was converted the wrong way",
)(_recounts(LONG, "gemini-generate-content")(lambda ask, _count: 2 * len(ask.body)))
fault(
    "metering.blanks",
    "The count of a prompt is estimated from the length of the body, blanks included.",
    "metering.prompt.same",
    source="gateways that estimate before they parse",
)(_recounts(MARKED, CHAT)(lambda ask, _count: len(ask.body) // 4))


@fault(
    "metering.dearer-elsewhere",
    "The same model counts a third more in the Google format.",
    "metering.formats.close",
    source="plain logic: each format counts with a tokeniser of its own",
)
def dearer_elsewhere(ask: Ask, reply: Reply) -> Reply:
    if "gpt-4o-mini" not in ask.path:
        return reply
    return _recounts(LONG, "gemini-generate-content")(lambda _ask, count: count * 4 // 3)(ask, reply)


fault(
    "metering.dearer-responses",
    "Responses count fifty tokens of instructions that nobody gave.",
    "metering.formats.close",
    source="gateways that add a system text on one route",
)(_recounts(LONG, "responses-create")(lambda _ask, count: count + 50))
