"""The settings of a Realtime session: how they are told and shown in the two generations of that API.

The present one nests the settings of sound under `audio`, the beta one has them flat under names of its own. Both are
read into one `Config`; a setting whose effect this hub does not have is refused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from conformance.hub.errors import invalid, missing
from conformance.hub.fields import Check, flag, integer, listing, number, text, thing, word
from conformance.hub.generate import Tool
from conformance.hub.responses_request import function_tool, metadata

PCM = {"type": "audio/pcm", "rate": 24_000}
DEFAULT_ORDERS = "You are a helpful assistant. Keep your answers short."
MOST_OUTPUT_TOKENS = 4096
NESTED = ("audio", "audio.input", "audio.output")
Kept = tuple[str, Check]


@dataclass(frozen=True)
class Config:
    """What governs the answers of a session. `limit` is "inf" for no limit; `voice` is a name, and any name will do."""

    modalities: tuple[str, ...] = ("audio",)
    instructions: str = DEFAULT_ORDERS
    tools: tuple[Mapping[str, Any], ...] = ()
    tool_choice: Any = "auto"
    parallel: bool = True
    limit: Any = "inf"
    voice: str = "marin"
    speed: float = 1.0
    temperature: float = 0.8
    truncation: str = "auto"
    transcription: Mapping[str, Any] | None = None
    metadata: Mapping[str, str] | None = None
    conversation: str = "auto"
    input: tuple[Mapping[str, Any], ...] | None = None

    @property
    def spoken(self) -> bool:
        """Whether answers are sound; words come along as its transcript."""
        return "audio" in self.modalities

    @property
    def functions(self) -> tuple[Tool, ...]:
        return tuple(function_tool(tool, f"tools[{place}]") for place, tool in enumerate(self.tools))


def _functions(value: Any, name: str) -> tuple[Any, ...]:
    tools = listing(thing, most=128)(value, name)
    for place, tool in enumerate(tools):
        function_tool(tool, f"{name}[{place}]")
    return tuple(tools)


def _choice(value: Any, name: str) -> Any:
    if isinstance(value, str):
        return word("none", "auto", "required")(value, name)
    chosen = thing(value, name)
    word("function")(chosen.get("type"), f"{name}.type")
    if "name" not in chosen:
        raise missing(f"{name}.name")
    text(empty=False)(chosen["name"], f"{name}.name")
    return chosen


def _limit(value: Any, name: str) -> Any:
    return value if value == "inf" else integer(1, MOST_OUTPUT_TOKENS)(value, name)


def _one_modality(value: Any, name: str) -> tuple[str, ...]:
    return tuple(listing(word("text", "audio"), least=1, most=1)(value, name))


def _modalities(value: Any, name: str) -> tuple[str, ...]:
    found = tuple(listing(word("text", "audio"), least=1, most=2)(value, name))
    if found == ("audio",):
        raise invalid(f"'{name}' must be ['text'] or ['audio', 'text'].", name)
    return found


def _pcm(value: Any, name: str) -> None:
    format = thing(value, name)
    word("audio/pcm")(format.get("type"), f"{name}.type")
    integer(24_000, 24_000)(format.get("rate", 24_000), f"{name}.rate")


def _pcm_word(value: Any, name: str) -> None:
    word("pcm16")(value, name)


def _transcription(value: Any, name: str) -> Any:
    found = thing(value, name)
    for member in ("model", "language", "prompt"):
        if member in found:
            text()(found[member], f"{name}.{member}")
    return found


def _only_null(value: Any, name: str) -> None:
    raise invalid(f"This hub offers nothing but null for '{name}'.", name, "unsupported_value")


NOTHING = ""
"""In the place of a field's name: the value is checked, and there is nothing to keep."""
SPOKEN: Mapping[str, Kept] = {
    "instructions": ("instructions", text()),
    "tools": ("tools", _functions),
    "tool_choice": ("tool_choice", _choice),
}
PRESENT: Mapping[str, Kept] = {
    **SPOKEN,
    "output_modalities": ("modalities", _one_modality),
    "max_output_tokens": ("limit", _limit),
    "parallel_tool_calls": ("parallel", flag),
    "audio.output.format": (NOTHING, _pcm),
    "audio.output.voice": ("voice", text(empty=False)),
}
BETA: Mapping[str, Kept] = {
    **SPOKEN,
    "modalities": ("modalities", _modalities),
    "voice": ("voice", text(empty=False)),
    "output_audio_format": (NOTHING, _pcm_word),
    "temperature": ("temperature", number(0.6, 1.2)),
    "max_response_output_tokens": ("limit", _limit),
}
IN_SESSION: Mapping[bool, Mapping[str, Kept]] = {
    False: {
        **PRESENT,
        "type": (NOTHING, word("realtime")),
        "truncation": ("truncation", word("auto", "disabled")),
        "audio.output.speed": ("speed", number(0.25, 1.5)),
        "audio.input.format": (NOTHING, _pcm),
        "audio.input.transcription": ("transcription", _transcription),
        "audio.input.noise_reduction": (NOTHING, _only_null),
        "audio.input.turn_detection": (NOTHING, _only_null),
        "tracing": (NOTHING, _only_null),
        "prompt": (NOTHING, _only_null),
        "include": (NOTHING, _only_null),
    },
    True: {
        **BETA,
        "speed": ("speed", number(0.25, 1.5)),
        "input_audio_format": (NOTHING, _pcm_word),
        "input_audio_transcription": ("transcription", _transcription),
        "input_audio_noise_reduction": (NOTHING, _only_null),
        "turn_detection": (NOTHING, _only_null),
        "tracing": (NOTHING, _only_null),
    },
}
IN_RESPONSE: Mapping[bool, Mapping[str, Kept]] = {
    beta: {
        **(BETA if beta else PRESENT),
        "max_output_tokens": ("limit", _limit),
        "conversation": ("conversation", word("auto", "none")),
        "metadata": ("metadata", metadata),
        "input": ("input", lambda value, name: tuple(listing(thing)(value, name))),
    }
    for beta in (False, True)
}
"""By generation (whether it is the beta one): what may be told, the field that keeps it, and the rule for it."""
MAY_BE_UNSET = frozenset({"transcription"})


def updated(config: Config, told: Any, beta: bool, model: str) -> Config:
    """The settings after a `session.update`; raises 400 and changes nothing for what breaks a rule."""
    if not isinstance(told, dict):
        raise invalid("Invalid type for 'session': expected an object.", "session", "invalid_type")
    if not beta and "type" not in told:
        raise missing("session.type")
    if told.get("model", model) not in (model, None):
        raise invalid("The model of a session cannot be changed.", "session.model")
    rest = {name: value for name, value in told.items() if name != "model"}
    return _changed(config, rest, IN_SESSION[beta], "session")


def for_response(config: Config, told: Any, beta: bool) -> Config:
    """The settings of one answer: those of the session, and what `response.create` says otherwise."""
    if told is None:
        return config
    if not isinstance(told, dict):
        raise invalid("Invalid type for 'response': expected an object.", "response", "invalid_type")
    return _changed(config, told, IN_RESPONSE[beta], "response")


def _changed(config: Config, told: Mapping[str, Any], rules: Mapping[str, Kept], place: str) -> Config:
    changes: dict[str, Any] = {}
    for name, value in _flat(told, "", place):
        if name not in rules:
            raise invalid(f"Unknown parameter: '{place}.{name}'.", f"{place}.{name}", "unknown_parameter")
        kept, check = rules[name]
        if value is None:
            changes.update({kept: None} if kept in MAY_BE_UNSET else {})
            continue
        checked = check(value, f"{place}.{name}")
        if kept:
            changes[kept] = checked
    return _consistent(replace(config, **changes), place)


def _consistent(config: Config, place: str) -> Config:
    choice = config.tool_choice
    names = [tool["name"] for tool in config.tools]
    if isinstance(choice, dict) and choice["name"] not in names:
        raise invalid("'tool_choice' names a function that 'tools' does not offer.", f"{place}.tool_choice")
    if choice == "required" and not names:
        raise invalid("'tool_choice' needs 'tools'.", f"{place}.tool_choice")
    return config


def _flat(told: Mapping[str, Any], prefix: str, place: str) -> Iterator[tuple[str, Any]]:
    """The members with dotted names; only what sound is about is nested."""
    for name, value in told.items():
        path = f"{prefix}{name}"
        if path in NESTED:
            if value is not None:
                thing(value, f"{place}.{path}")
                yield from _flat(value, f"{path}.", place)
        else:
            yield path, value


@dataclass(frozen=True)
class Identity:
    """What never changes in a session; `expires` is in Unix seconds, `conversation` the id of its conversation."""

    id: str
    model: str
    expires: int
    beta: bool
    conversation: str


def shown(config: Config, identity: Identity) -> dict[str, Any]:
    """The session as its events show it."""
    common = {
        "id": identity.id,
        "object": "realtime.session",
        "model": identity.model,
        "expires_at": identity.expires,
        "instructions": config.instructions,
        "tools": list(config.tools),
        "tool_choice": config.tool_choice,
        "tracing": None,
    }
    if identity.beta:
        return {
            **common,
            "modalities": list(config.modalities),
            "voice": config.voice,
            "speed": config.speed,
            "input_audio_format": "pcm16",
            "output_audio_format": "pcm16",
            "input_audio_transcription": config.transcription,
            "input_audio_noise_reduction": None,
            "turn_detection": None,
            "temperature": config.temperature,
            "max_response_output_tokens": config.limit,
        }
    return {
        **common,
        "type": "realtime",
        "output_modalities": list(config.modalities),
        "max_output_tokens": config.limit,
        "parallel_tool_calls": config.parallel,
        "truncation": config.truncation,
        "prompt": None,
        "include": None,
        "audio": {
            "input": {
                "format": PCM,
                "transcription": config.transcription,
                "noise_reduction": None,
                "turn_detection": None,
            },
            "output": {"format": PCM, "voice": config.voice, "speed": config.speed},
        },
    }


def shown_in_response(config: Config, identity: Identity) -> dict[str, Any]:
    """The settings of one answer as its events show them."""
    if identity.beta:
        return {
            "modalities": list(config.modalities),
            "voice": config.voice,
            "output_audio_format": "pcm16",
            "temperature": config.temperature,
            "max_output_tokens": config.limit,
        }
    return {
        "output_modalities": list(config.modalities),
        "max_output_tokens": config.limit,
        "audio": {"output": {"format": PCM, "voice": config.voice}},
    }
