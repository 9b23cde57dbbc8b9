"""The Google format: generateContent and streamGenerateContent with text, calls, pictures and speech.

Beside the documented operations the hub counts tokens and makes vectors the way the Google clients ask for it.
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

from conformance.hub import fields
from conformance.hub.app import Call as Request
from conformance.hub.app import Settings
from conformance.hub.body import read_json
from conformance.hub.embeddings import NATIVE_LENGTH, vector
from conformance.hub.errors import invalid
from conformance.hub.events import EventStream, data_event
from conformance.hub.fields import integer, listing, text, thing
from conformance.hub.gemini_request import Wish, camelised, read_content, read_request, wish_of
from conformance.hub.generate import Call, Outcome, prompt_tokens, work
from conformance.hub.ids import unique
from conformance.hub.intake import check_model
from conformance.hub.picture import png
from conformance.hub.pieces import groups
from conformance.hub.routes import Route
from conformance.hub.sound import RATE, tone
from conformance.hub.text import count_tokens

SCHEMES = ("bearer", "x-goog-api-key", "query-key")
FINISH = {"stop": "STOP", "tool_calls": "STOP", "length": "MAX_TOKENS"}
HARMS = ("HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT")
LINE_ENDS = {"\u2028": b"\\u2028", "\u2029": b"\\u2029", "\x85": b"\\u0085"}
"""Characters that some readers of lines take for the end of one."""
PIXELS = {
    "1:1": (1024, 1024),
    "2:3": (832, 1248),
    "3:2": (1248, 832),
    "3:4": (864, 1184),
    "4:3": (1184, 864),
    "4:5": (896, 1152),
    "5:4": (1152, 896),
    "9:16": (768, 1344),
    "16:9": (1344, 768),
    "21:9": (1536, 672),
}
"""Width and height of a picture of the size 1K."""
PICTURE_TOKENS = 1_290
SPEECH_TOKENS_PER_SECOND = 25
SECONDS_PER_TOKEN = 0.02
LONGEST_SPEECH = 0.6
MOST_INPUTS = 100
Event = dict[str, Any]
Part = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """What one candidate shows at a time, and the tokens of it (thoughts apart from the rest)."""

    parts: tuple[Part, ...]
    tokens: int = 0
    thoughts: int = 0


@dataclass(frozen=True)
class Answer:
    """One answer: its steps by candidate, why they end, and what it costs."""

    lanes: tuple[tuple[Step, ...], ...]
    finish: str
    prompt: Mapping[str, int]
    """Tokens of the prompt by modality."""
    modality: str
    head: Event

    def usage(self, steps: int | None = None) -> Event:
        """The token counts after so many steps, by default after all."""
        done = [step for lane in self.lanes for step in lane[:steps]]
        prompt, shown, thoughts = (
            sum(self.prompt.values()),
            sum(step.tokens for step in done),
            sum(step.thoughts for step in done),
        )
        usage: Event = {
            "promptTokenCount": prompt,
            "candidatesTokenCount": shown,
            "totalTokenCount": prompt + shown + thoughts,
            "promptTokensDetails": _details(self.prompt),
            "candidatesTokensDetails": _details({self.modality: shown}),
        }
        return usage | ({"thoughtsTokenCount": thoughts} if thoughts else {})


async def generate(call: Request) -> Response:
    """Answers a generateContent request; with `alt=sse` as an event stream."""
    alt = _alt(call)
    answer = await _answer(call)
    if alt == "sse":
        return _streamed(answer, call.settings)
    candidates = [_candidate(place, _joined(lane), answer.finish) for place, lane in enumerate(answer.lanes)]
    return JSONResponse({"candidates": candidates, "usageMetadata": answer.usage(), **answer.head})


async def stream(call: Request) -> Response:
    """Answers a streamGenerateContent request, with `alt=sse` as an event stream and otherwise as one JSON array."""
    alt = _alt(call)
    answer = await _answer(call)
    return _streamed(answer, call.settings) if alt == "sse" else _array(answer, call.settings)


def _alt(call: Request) -> str:
    """The form of the answer that the caller asks for; raises 400 for one that the hub does not know."""
    alt = call.request.query_params.get("alt", "json")
    if alt not in ("json", "sse"):
        raise invalid("'alt' must be json or sse.", "alt")
    return alt


async def _answer(call: Request) -> Answer:
    request = read_request(await read_json(call.request), call.route.request)
    model = call.params["model"]
    return answer_of(wish_of(model, request), {"modelVersion": model, "responseId": unique("resp-")})


def answer_of(wish: Wish, head: Event) -> Answer:
    """What the wish is answered with."""
    outcomes = [work(wish.task, wish.count) for _ in range(wish.count)]
    usage = outcomes[0].usage
    by_modality = {
        "TEXT": usage.prompt - usage.prompt_images - usage.prompt_audio,
        "IMAGE": usage.prompt_images,
        "AUDIO": usage.prompt_audio,
    }
    modality = next((name for name in ("AUDIO", "IMAGE") if name in wish.modalities), "TEXT")
    finish = FINISH[outcomes[0].reason] if modality == "TEXT" else "STOP"
    return Answer(tuple(tuple(_lane(wish, one)) for one in outcomes), finish, by_modality, modality, head)


def _lane(wish: Wish, outcome: Outcome) -> Iterator[Step]:
    """The steps of one candidate: thoughts, then calls, media or text. There is always at least one."""
    shown = wish.shows_thoughts
    for group in groups(outcome.thoughts):
        part = {"text": "".join(group), "thought": True}
        yield Step((part,) if shown else (), thoughts=len(group))
    steps = list(_content(wish, outcome))
    if outcome.thoughts and steps:
        first = steps[0]
        signed = {**first.parts[0], "thoughtSignature": _signature(outcome)}
        steps[0] = Step((signed, *first.parts[1:]), first.tokens)
    yield from steps or (Step(({"text": ""},)),)


def _content(wish: Wish, outcome: Outcome) -> Iterator[Step]:
    if outcome.calls:
        for call in outcome.calls:
            tokens = count_tokens(call.name) + count_tokens(call.arguments)
            yield Step((_call(call),), tokens)
    elif wish.modalities & {"AUDIO", "IMAGE"}:
        yield from _media(wish, outcome)
    elif wish.bare_word:
        yield Step(
            ({"text": json.loads(outcome.text) if outcome.reason == "stop" else outcome.text},), len(outcome.tokens)
        )
    else:
        for group in groups(outcome.tokens):
            yield Step(({"text": "".join(group)},), len(group))


def _call(call: Call) -> Part:
    return {"functionCall": {"name": call.name, "args": json.loads(call.arguments), "id": call.id}}


def _media(wish: Wish, outcome: Outcome) -> Iterator[Step]:
    if "AUDIO" in wish.modalities:
        seconds = min(SECONDS_PER_TOKEN * (1 + len(outcome.tokens)), LONGEST_SPEECH)
        pitch = 180.0 + 10.0 * (sum(wish.voice.encode("utf-8", "replace")) % 16)
        sound = _inline(f"audio/L16;codec=pcm;rate={RATE}", tone(seconds, pitch))
        yield Step((sound,), 1 + int(seconds * SPEECH_TOKENS_PER_SECOND))
        return
    if "TEXT" in wish.modalities:
        yield Step(({"text": "Here is the picture."},))
    times = {"1K": 1, "2K": 2, "4K": 4}[wish.size]
    width, height = (side * times for side in PIXELS[wish.ratio])
    yield Step((_inline("image/png", png(width, height, outcome.text)),), PICTURE_TOKENS)


def _inline(mime_type: str, data: bytes) -> Part:
    return {"inlineData": {"mimeType": mime_type, "data": base64.b64encode(data).decode()}}


def _signature(outcome: Outcome) -> str:
    """What carries the thoughts to the next turn: opaque to the caller."""
    return base64.b64encode("".join(outcome.thoughts).encode()).decode()


def _joined(lane: Sequence[Step]) -> tuple[Part, ...]:
    """The parts of all steps, neighbouring texts of one kind made one."""
    joined: list[Part] = []
    for part in (part for step in lane for part in step.parts):
        last = joined[-1] if joined else {}
        alike = "text" in part and "text" in last and part.get("thought") == last.get("thought")
        if alike:
            joined[-1] = {**last, **part, "text": last["text"] + part["text"]}
        else:
            joined.append(part)
    return tuple(joined)


def _candidate(place: int, parts: Sequence[Part], finish: str | None) -> Event:
    candidate: Event = {"content": {"role": "model", "parts": list(parts)}, "index": place}
    if finish is None:
        return candidate
    ratings = [{"category": f"HARM_CATEGORY_{name}", "probability": "NEGLIGIBLE"} for name in HARMS]
    return candidate | {"finishReason": finish, "safetyRatings": ratings}


def _details(counts: Mapping[str, int]) -> list[Event]:
    return [{"modality": name, "tokenCount": count} for name, count in counts.items() if count]


def _events(answer: Answer) -> Iterator[Event]:
    """The objects of a stream; the candidates of one step come together. Steps that show nothing are left out."""
    last = len(answer.lanes[0])
    for step in range(last):
        shown = [lane[step].parts for lane in answer.lanes]
        if any(shown):
            finish = answer.finish if step + 1 == last else None
            candidates = [_candidate(place, parts, finish) for place, parts in enumerate(shown)]
            yield {"candidates": candidates, "usageMetadata": answer.usage(step + 1), **answer.head}


def _pauses(count: int, settings: Settings) -> list[float]:
    return [settings.first_delay, *[settings.chunk_delay] * (count - 1)]


def _streamed(answer: Answer, settings: Settings) -> EventStream:
    events = [_on_one_line(data_event(event)) for event in _events(answer)]
    return EventStream(zip(_pauses(len(events), settings), events, strict=True))


def _array(answer: Answer, settings: Settings) -> EventStream:
    events = [json.dumps(event, ensure_ascii=False).encode() for event in _events(answer)]
    framed = [(b",\r\n" if place else b"[") + event for place, event in enumerate(events)]
    framed[-1] += b"]\n"
    response = EventStream(zip(_pauses(len(events), settings), framed, strict=True))
    response.init_headers({"content-type": "application/json"})
    return response


def _on_one_line(event: bytes) -> bytes:
    for character, escaped in LINE_ENDS.items():
        event = event.replace(character.encode(), escaped)
    return event


async def count(call: Request) -> Response:
    """Answers a countTokens request: what the prompt of a generateContent request would cost."""
    body = camelised(await read_json(call.request))
    inner = (
        thing(body["generateContentRequest"], "generateContentRequest") if "generateContentRequest" in body else body
    )
    wish = wish_of(call.params["model"], read_request(inner, None))
    total, images, audio = prompt_tokens(wish.task)
    counts = {"TEXT": total - images - audio, "IMAGE": images, "AUDIO": audio}
    return JSONResponse({"totalTokens": total, "promptTokensDetails": _details(counts)})


EMBED = {"content": thing, "taskType": text(), "title": text(), "outputDimensionality": integer(1, NATIVE_LENGTH)}


def _embedded(value: Mapping[str, Any], place: str) -> Event:
    request = fields.read(value, EMBED, ("content",))
    texts = [turn.text for turn in read_content(request["content"], f"{place}content")]
    length = request.get("outputDimensionality", NATIVE_LENGTH)
    return {"values": list(vector("\n".join(texts), length))}


async def embed(call: Request) -> Response:
    """Answers an embedContent request: one vector."""
    check_model(call.params["model"], ("embedding",))
    return JSONResponse({"embedding": _embedded(camelised(await read_json(call.request)), "")})


async def embed_many(call: Request) -> Response:
    """Answers a batchEmbedContents request: one vector for each of its requests, in their order."""
    check_model(call.params["model"], ("embedding",))
    checks = {"requests": listing(thing, least=1, most=MOST_INPUTS)}
    body = fields.read(camelised(await read_json(call.request)), checks, ("requests",))
    found = [_embedded(one, f"requests[{place}].") for place, one in enumerate(body["requests"])]
    return JSONResponse({"embeddings": found})


_MORE = {"countTokens": count, "embedContent": embed, "batchEmbedContents": embed_many}
HANDLERS = {"gemini-generate-content": generate, "gemini-stream-generate-content": stream, **_MORE}
EXTRA_ROUTES = tuple(
    Route("POST", f"/{version}/models/{{model}}:{name}", name, "gemini", SCHEMES, "gemini")
    for version in ("v1beta", "v1")
    for name in _MORE
)
