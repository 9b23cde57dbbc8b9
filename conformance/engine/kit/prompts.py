"""Questions whose answers they construct: a count, a repetition, a call, a choice of a schema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from conformance.engine.kit.echo import ECHO

GREETING = "Say hello."
LONG_GREETING = (
    "Say hello to my aunt, my uncle, their four children, the neighbours on both sides of the street, the postman, the "
    "baker, the two cats and the old dog, and wish all of them a good morning and a safe way home through the snow."
)
"""Longer than what is said in a second turn, so that a prompt that has lost this one counts less."""
REPEAT = f"Repeat exactly: {ECHO}"
BEYOND = "zebra, over and out, and so it ends."
REPEAT_ON = f"{REPEAT} {BEYOND}"
STOP_WORDS = ("zebra, over", "crocodile")
"""Stop sequences: the first, of several tokens, is the beginning of `BEYOND`."""
COUNT_TO_NINE = "Count from 1 to 9, the digits separated by a comma and a space, nothing else."
LONG_COUNT = "Count from 1 to 300, the numbers separated by a comma and a space, nothing else."
TWO_TOOLS = "Call get_weather for Paris in celsius, and call get_battery as well, both in this one turn."
CAP = 16
"""Output tokens that the capped answers may have; some vendors take no less."""
STOP = "5"
STOP_SEQUENCES = ("5, 6", "zebra")
"""The first takes several tokens, so that a hub that looks for it token by token lets it through."""


@dataclass(frozen=True)
class Function:
    """A function that a model may call; `parameters` is a JSON Schema that fits every vendor's strict mode."""

    name: str
    description: str
    parameters: dict[str, Any]


def shape(**properties: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of an object with these members, all of them required, and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


TIME = Function("get_time", "The current time in a time zone.", shape(zone={"type": "string", "enum": ["UTC", "CET"]}))
WEATHER = Function(
    "get_weather",
    "The weather in a city.",
    shape(city={"type": "string"}, unit={"type": "string", "enum": ["celsius", "fahrenheit"]}),
)
BATTERY = Function("get_battery", "The charge of this device in percent.", shape())
VERDICT = shape(verdict={"type": "string", "enum": ["kx-41", "kx-42"]}, sure={"type": "boolean"})
"""What no question about it tells: only the schema does."""
