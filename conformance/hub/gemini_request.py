"""Reads a generateContent request: both spellings of its names, its rules, and its translation into a `Task`.

The names may be in lowerCamelCase or snake_case, as ProtoJSON allows; what callers name themselves (arguments, results,
schemas) is left as it is.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.hub import content, fields
from conformance.hub.catalogue import BY_ID
from conformance.hub.errors import HubError, invalid, unknown_model
from conformance.hub.fields import Check, flag, integer, listing, number, text, thing, word
from conformance.hub.generate import ANY_OBJECT, IMAGE_TOKENS, Task, Tool, thinks
from conformance.hub.schemas import check_request, is_schema
from conformance.hub.text import Turn

OPAQUE = frozenset({"args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema"})
"""Members whose content is the caller's own."""
DATA = ("text", "inlineData", "functionCall", "functionResponse", "fileData", "executableCode", "codeExecutionResult")
"""The members of a part of which there must be exactly one."""
BYTES_PER_TOKEN = {"audio": 2_400, "video": 100_000}
VIDEO_TOKENS = 258
FILE_TOKENS = 10
RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
SIZES = ("1K", "2K", "4K")
MIME_TYPE = re.compile(r"(?P<kind>[a-z]+)/[\w.+-]+(\s*;\s*[\w-]+=[^;\s]+)*", re.IGNORECASE)
THRESHOLDS = (
    "HARM_BLOCK_THRESHOLD_UNSPECIFIED",
    "BLOCK_LOW_AND_ABOVE",
    "BLOCK_MEDIUM_AND_ABOVE",
    "BLOCK_ONLY_HIGH",
    "BLOCK_NONE",
    "OFF",
)


@dataclass(frozen=True)
class Wish:
    """One request: the task, how many candidates, and in which forms they are to come."""

    task: Task
    count: int = 1
    modalities: frozenset[str] = frozenset({"TEXT"})
    voice: str = ""
    ratio: str = RATIOS[0]
    size: str = SIZES[0]
    shows_thoughts: bool = False
    bare_word: bool = False
    """Whether the text is one word of an enumeration, without the marks of JSON."""


def _category(value: Any, name: str) -> str:
    known = re.fullmatch(r"HARM_CATEGORY_[A-Z_]+", text()(value, name))
    if not known:
        raise invalid(f"'{name}' is no category.", name)
    return known[0]


def _safety(value: Any, name: str) -> dict[str, Any]:
    checks = {"category": _category, "threshold": word(*THRESHOLDS)}
    return fields.read(thing(value, name), checks, ("category", "threshold"))


def _voice(value: Any, name: str) -> dict[str, Any]:
    speech = thing(value, name)
    if "voiceConfig" not in speech:
        raise invalid("This hub speaks with one voice: 'voiceConfig' is needed.", f"{name}.voiceConfig")
    voice = thing(thing(speech["voiceConfig"], name).get("prebuiltVoiceConfig"), f"{name}.voiceConfig")
    return fields.read(voice, {"voiceName": text(empty=False)}, ("voiceName",))


def _image(value: Any, name: str) -> dict[str, Any]:
    return fields.read(thing(value, name), {"aspectRatio": word(*RATIOS), "imageSize": word(*SIZES)})


def _thinking(value: Any, name: str) -> dict[str, Any]:
    level = word("THINKING_LEVEL_UNSPECIFIED", "MINIMAL", "LOW", "MEDIUM", "HIGH", "minimal", "low", "medium", "high")
    checks: dict[str, Check] = {"includeThoughts": flag, "thinkingBudget": integer(-1), "thinkingLevel": level}
    return fields.read(thing(value, name), checks)


CONFIG: Mapping[str, Check] = {
    "temperature": number(0, 2),
    "topP": number(0, 1),
    "topK": integer(1),
    "maxOutputTokens": integer(1),
    "stopSequences": listing(text(empty=False), most=5),
    "candidateCount": integer(1, 8),
    "seed": integer(),
    "presencePenalty": number(-2, 2),
    "frequencyPenalty": number(-2, 2),
    "responseMimeType": word("text/plain", "application/json", "text/x.enum"),
    "responseModalities": listing(word("TEXT", "IMAGE", "AUDIO"), least=1),
    "responseLogprobs": flag,
    "speechConfig": _voice,
    "imageConfig": _image,
    "thinkingConfig": _thinking,
}
CHECKS: Mapping[str, Check] = {
    "contents": listing(thing, least=1),
    "systemInstruction": thing,
    "tools": listing(thing),
    "toolConfig": thing,
    "safetySettings": listing(_safety),
    "generationConfig": thing,
}


def camelised(value: Any) -> Any:
    """`value` with its member names in lowerCamelCase; raises 400 when a member is given in both spellings."""
    if isinstance(value, list):
        return [camelised(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    renamed: dict[str, Any] = {}
    for name, entry in value.items():
        key = _camel(name)
        if key in renamed:
            raise invalid(f"'{key}' is given twice, in two spellings.", key)
        renamed[key] = entry if key in OPAQUE else camelised(entry)
    return renamed


def _camel(name: str) -> str:
    if not re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", name):
        return name
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def read_request(body: Mapping[str, Any], contract: str | None) -> dict[str, Any]:
    """The checked request; raises 400 for what breaks a rule.

    `contract` refers to the schema of the contract, which has a say beside the rules here.
    """
    request = fields.read(camelised(dict(body)), CHECKS, ("contents",))
    if "cachedContent" in request:
        raise HubError(404, "This hub keeps no cached content.", "not_found")
    request["generationConfig"] = fields.read(request.get("generationConfig", {}), CONFIG)
    request["contents"] = [_plain(turn) for turn in request["contents"]]
    if contract:
        check_request(contract, request)
    return request


def _plain(turn: dict[str, Any]) -> dict[str, Any]:
    """A turn whose parts have no null members."""
    parts = turn.get("parts")
    if isinstance(parts, list):
        parts = [fields.without_nulls(part) if isinstance(part, dict) else part for part in parts]
        return {**turn, "parts": parts}
    return turn


def wish_of(model: str, request: Mapping[str, Any]) -> Wish:
    """What the request asks of a model; raises 404 for an unknown one."""
    config = request["generationConfig"]
    modalities = frozenset(config.get("responseModalities", ("TEXT",)))
    _check_model(model, modalities)
    _check_modalities(modalities, config)
    tools = _tools(request.get("tools", ()))
    choice, tools = _choice(request.get("toolConfig", {}), tools)
    thinking = config.get("thinkingConfig", {})
    task = Task(
        model=model,
        turns=(*_system(request.get("systemInstruction")), *_turns(request["contents"], thinks(model))),
        tools=tools,
        choice=choice,
        shape=_shape(config),
        limit=config.get("maxOutputTokens"),
        stops=tuple(config.get("stopSequences", ())),
        effort=_effort(thinking),
    )
    return Wish(
        task,
        count=config.get("candidateCount", 1),
        modalities=modalities,
        voice=config.get("speechConfig", {}).get("voiceName", ""),
        ratio=config.get("imageConfig", {}).get("aspectRatio", RATIOS[0]),
        size=config.get("imageConfig", {}).get("imageSize", SIZES[0]),
        shows_thoughts=thinking.get("includeThoughts", False),
        bare_word=config.get("responseMimeType") == "text/x.enum",
    )


def _check_model(model: str, modalities: frozenset[str]) -> None:
    if model not in BY_ID:
        raise unknown_model(model)
    kinds = (
        {"chat"} | ({"image"} if "IMAGE" in modalities else set()) | ({"speech"} if "AUDIO" in modalities else set())
    )
    if BY_ID[model].kind not in kinds:
        raise invalid("This model does not answer such requests.", "model", "model_not_supported")


def _check_modalities(modalities: frozenset[str], config: Mapping[str, Any]) -> None:
    place = "generationConfig.responseModalities"
    if "AUDIO" in modalities and len(modalities) > 1:
        raise invalid("Speech comes alone: no other modality may be asked for beside AUDIO.", place)
    if modalities & {"AUDIO", "IMAGE"} and config.get("responseMimeType", "text/plain") != "text/plain":
        raise invalid("Pictures and speech come without 'responseMimeType'.", place)
    if config.get("responseLogprobs"):
        raise invalid("This hub gives no likelihoods here.", "generationConfig.responseLogprobs", "unsupported_value")


def _effort(thinking: Mapping[str, Any]) -> str | None:
    if not thinking or thinking.get("thinkingBudget") == 0:
        return None
    level = str(thinking.get("thinkingLevel", "")).lower()
    return level if level in ("low", "medium", "high") else "medium"


def _tools(given: Sequence[Mapping[str, Any]]) -> tuple[Tool, ...]:
    tools: list[Tool] = []
    for place, entry in enumerate(given):
        name = f"tools[{place}]"
        for other in set(entry) - {"functionDeclarations"}:
            raise invalid(f"This hub has no tool {other[:40]!r}.", name, "unsupported_value")
        declared = listing(thing)(entry.get("functionDeclarations", []), f"{name}.functionDeclarations")
        tools += [_tool(one, f"{name}.functionDeclarations[{number}]") for number, one in enumerate(declared)]
    names = [tool.name for tool in tools]
    if len(set(names)) < len(names):
        raise invalid("Two functions have one name.", "tools")
    return tuple(tools)


def _tool(declared: Mapping[str, Any], place: str) -> Tool:
    read = fields.read(declared, {"name": text(empty=False), "description": text()}, ("name",))
    if not re.fullmatch(r"[A-Za-z_][\w.:-]{0,127}", read["name"]):
        raise invalid("A function's name is made of letters, digits and _ . : -", f"{place}.name")
    own = read.get("parametersJsonSchema")
    schema = json_schema(read.get("parameters", {})) if own is None else own
    if not isinstance(schema, dict) or not is_schema(schema):
        raise invalid("The parameters are not a schema.", f"{place}.parameters")
    return Tool(read["name"], schema, read.get("description", ""))


def _choice(config: Mapping[str, Any], tools: tuple[Tool, ...]) -> tuple[str, tuple[Tool, ...]]:
    """How free the model is to call, and the functions that are left to it."""
    place = "toolConfig.functionCallingConfig"
    calling = thing(config.get("functionCallingConfig", {}), place)
    checks = {
        "mode": word("MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"),
        "allowedFunctionNames": listing(text(empty=False)),
    }
    calling = fields.read(calling, checks)
    mode, allowed = calling.get("mode", "AUTO"), calling.get("allowedFunctionNames", [])
    if allowed and mode not in ("ANY", "VALIDATED"):
        raise invalid("'allowedFunctionNames' needs the mode ANY.", f"{place}.allowedFunctionNames")
    if set(allowed) - {tool.name for tool in tools}:
        raise invalid("'allowedFunctionNames' names a function that is not declared.", f"{place}.allowedFunctionNames")
    if mode == "ANY" and not tools:
        raise invalid("The mode ANY needs 'tools'.", f"{place}.mode")
    left = tuple(tool for tool in tools if not allowed or tool.name in allowed)
    return {"ANY": "required", "NONE": "none"}.get(mode, "auto"), left


def _shape(config: Mapping[str, Any]) -> Mapping[str, Any] | None:
    kind = config.get("responseMimeType", "text/plain")
    given = [name for name in ("responseSchema", "responseJsonSchema") if name in config]
    if kind == "text/plain":
        if given:
            raise invalid(f"'{given[0]}' needs a 'responseMimeType' of JSON.", "generationConfig.responseMimeType")
        return None
    if len(given) > 1:
        raise invalid("Only one schema may be given.", "generationConfig.responseSchema")
    place = f"generationConfig.{given[0]}" if given else "generationConfig.responseSchema"
    schema: Any = ANY_OBJECT
    if given:
        value = config[given[0]]
        schema = value if given[0] == "responseJsonSchema" else json_schema(thing(value, place))
    if not isinstance(schema, dict) or not is_schema(schema):
        raise invalid("This is not a schema.", place)
    if kind == "text/x.enum" and not _is_word_list(schema.get("enum")):
        raise invalid("'text/x.enum' needs a schema with an enumeration of words.", place)
    return schema


def _is_word_list(words: Any) -> bool:
    return isinstance(words, list) and bool(words) and all(isinstance(word, str) for word in words)


TYPES = {
    "STRING": "string",
    "NUMBER": "number",
    "INTEGER": "integer",
    "BOOLEAN": "boolean",
    "ARRAY": "array",
    "OBJECT": "object",
    "NULL": "null",
}
RENAMED = {
    "any_of": "anyOf",
    "min_items": "minItems",
    "max_items": "maxItems",
    "min_length": "minLength",
    "max_length": "maxLength",
    "min_properties": "minProperties",
    "max_properties": "maxProperties",
    "property_ordering": "propertyOrdering",
}
COUNTS = frozenset(name for name in RENAMED.values() if name.startswith(("min", "max")))
UNUSED = ("propertyOrdering", "format", "example", "title", "nullable", "type")


def json_schema(schema: Any) -> Any:
    """A schema of the Google kind (a subset of OpenAPI 3.0) as JSON Schema; what is none comes back as it is."""
    if not isinstance(schema, dict):
        return schema
    given: dict[str, Any] = {RENAMED.get(name) or name: entry for name, entry in schema.items() if entry is not None}
    turned = {name: _turned(name, entry) for name, entry in given.items() if name not in UNUSED}
    kind = given.get("type", "TYPE_UNSPECIFIED")
    if kind != "TYPE_UNSPECIFIED":
        turned["type"] = TYPES.get(kind.upper(), kind) if isinstance(kind, str) else kind
    return {"anyOf": [turned, {"type": "null"}]} if given.get("nullable") is True else turned


def _turned(name: str, entry: Any) -> Any:
    if name in COUNTS and isinstance(entry, str) and re.fullmatch("[0-9]{1,9}", entry):
        return int(entry)
    if name == "properties" and isinstance(entry, dict):
        return {key: json_schema(value) for key, value in entry.items()}
    if name == "anyOf" and isinstance(entry, list):
        return [json_schema(value) for value in entry]
    return json_schema(entry) if name == "items" else entry


def _system(instruction: Mapping[str, Any] | None) -> list[Turn]:
    if not instruction:
        return []
    parts = listing(thing)(instruction.get("parts", []), "systemInstruction.parts")
    texts = []
    for place, part in enumerate(parts):
        if "text" not in part:
            raise invalid("A system instruction is made of text.", f"systemInstruction.parts[{place}]")
        texts.append(text()(part["text"], f"systemInstruction.parts[{place}].text"))
    return [Turn("system", "\n".join(texts))] if texts else []


def read_content(given: Mapping[str, Any], place: str) -> list[Turn]:
    """The turns that one content stands for; raises 400 for what is no content."""
    return [turn for turn, _ in _read(given, place)]


def _turns(contents: Sequence[Mapping[str, Any]], signed: bool) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    called: list[Mapping[str, Any]] = []
    for position, given in enumerate(contents):
        place = f"contents[{position}]"
        found = _read(given, place)
        turns += [turn for turn, _ in found]
        parts = given["parts"]
        _check_results([part["functionResponse"] for part in parts if "functionResponse" in part], called, place)
        called = [part["functionCall"] for part in parts if "functionCall" in part]
        answers_us = any(turn.role == "tool" for turn, _ in found) or position + 1 < len(contents)
        first = next((part for part in parts if "functionCall" in part), None)
        if signed and first is not None and answers_us and "thoughtSignature" not in first:
            raise invalid("The first call of a turn needs its 'thoughtSignature' back.", f"{place}.parts")
    return tuple(turns)


def _check_results(results: list[Any], called: list[Mapping[str, Any]], place: str) -> None:
    """Results must answer exactly the calls of the turn before."""
    if not results:
        return
    if sorted(one["name"] for one in results) != sorted(one["name"] for one in called):
        raise invalid("The results do not answer the calls of the turn before.", f"{place}.parts")
    ids = {one.get("id") for one in called}
    if any(one.get("id") not in {None, *ids} for one in results):
        raise invalid("A result has the id of no call of the turn before.", f"{place}.parts")


def _read(given: Mapping[str, Any], place: str) -> list[tuple[Turn, str]]:
    checks = {"role": word("user", "model"), "parts": listing(thing, least=1)}
    read = fields.read(given, checks, ("parts",))
    role = "assistant" if read.get("role") == "model" else "user"
    found: list[tuple[Turn, str]] = []
    texts: list[str] = []
    calls: list[str] = []
    counts = {"images": 0, "audio": 0, "files": 0}
    for position, part in enumerate(read["parts"]):
        name = f"{place}.parts[{position}]"
        kind = _kind_of(part, name)
        if kind == "text":
            texts += [] if part.get("thought") is True else [text()(part["text"], f"{name}.text")]
        elif kind in ("inlineData", "fileData"):
            what, cost = _READERS[kind](part[kind], f"{name}.{kind}")
            counts[what] += cost
        elif kind == "functionCall":
            _only(role == "assistant", "A call stands in a turn of the model.", name)
            calls.append(_call(part[kind], f"{name}.{kind}"))
        elif kind == "functionResponse":
            _only(role == "user", "A result stands in a turn of the user.", name)
            found.append((_result(part[kind], f"{name}.{kind}"), kind))
    if texts or calls or any(counts.values()) or not found:
        turn = Turn(
            role,
            "\n".join(texts),
            images=counts["images"],
            audio=counts["audio"],
            files=counts["files"],
            calls=tuple(calls),
        )
        found.insert(0, (turn, "text"))
    return found


def _only(holds: bool, message: str, place: str) -> None:
    if not holds:
        raise invalid(message, place)


def _kind_of(part: Mapping[str, Any], place: str) -> str:
    kinds = [name for name in DATA if name in part]
    if len(kinds) != 1:
        problem = "has no content" if not kinds else f"has both {kinds[0]} and {kinds[1]}"
        raise invalid(f"A part {problem}.", place)
    if "thoughtSignature" in part:
        decoded(text(empty=False)(part["thoughtSignature"], place), f"{place}.thoughtSignature")
    if "thought" in part:
        flag(part["thought"], f"{place}.thought")
    if kinds[0] in ("executableCode", "codeExecutionResult"):
        raise invalid("This hub runs no code.", place, "unsupported_value")
    return kinds[0]


def _inline(value: Any, place: str) -> tuple[str, int]:
    blob = fields.read(thing(value, place), {"mimeType": text(empty=False), "data": text()}, ("mimeType", "data"))
    data = decoded(blob["data"], f"{place}.data")
    if not data:
        raise invalid("There is nothing in it.", f"{place}.data")
    return _cost(blob["mimeType"], len(data), place)


def _file(value: Any, place: str) -> tuple[str, int]:
    checks = {"mimeType": text(empty=False), "fileUri": text(empty=False)}
    file = fields.read(thing(value, place), checks, ("fileUri",))
    if not file["fileUri"].startswith(("https://", "gs://")):
        raise invalid("This is no address of a file.", f"{place}.fileUri")
    return _cost(file.get("mimeType", "application/octet-stream"), 0, place)


_READERS = {"inlineData": _inline, "fileData": _file}


def _cost(mime_type: str, size: int, place: str) -> tuple[str, int]:
    found = MIME_TYPE.fullmatch(mime_type)
    if not found:
        raise invalid("This is no media type.", f"{place}.mimeType")
    match found["kind"].lower():
        case "image":
            return "images", IMAGE_TOKENS + size // 100_000
        case "video":
            return "images", VIDEO_TOKENS + size // BYTES_PER_TOKEN["video"]
        case "audio":
            return "audio", 1 + size // BYTES_PER_TOKEN["audio"]
        case _:
            return "files", FILE_TOKENS + size // BYTES_PER_TOKEN["audio"]


def decoded(data: str, place: str) -> bytes:
    """The bytes of base64 text in either alphabet, padded or not (ProtoJSON); raises 400 when it is none."""
    bare = data.rstrip("=").replace("-", "+").replace("_", "/")
    return content.decoded(bare + "=" * (-len(bare) % 4), place)


def _call(value: Any, place: str) -> str:
    call = fields.read(thing(value, place), {"name": text(empty=False), "args": thing, "id": text()}, ("name",))
    return f"{call['name']}{_json(call.get('args', {}))}"


def _result(value: Any, place: str) -> Turn:
    checks = {"name": text(empty=False), "response": thing, "id": text()}
    result = fields.read(thing(value, place), checks, ("name", "response"))
    return Turn("tool", _json(result["response"]), name=result["name"])


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
