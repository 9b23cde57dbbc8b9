"""The way to a hub that is far: it takes its time, and not always the same."""

from __future__ import annotations

import asyncio
import random
import re
from dataclasses import dataclass

from starlette.types import Message, Send

_GIVEN = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(?:~([0-9]{1,6}(?:\.[0-9]{1,3})?))?")


@dataclass(frozen=True)
class Latency:
    """Seconds before every answer, and how much they vary; what follows a first piece is late by up to `jitter`."""

    seconds: float = 0.0
    jitter: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Latency:
        """Read `MS` or `MS~JITTER`, both in milliseconds.

        Raises:
            ValueError: the text is neither.
        """
        found = _GIVEN.fullmatch(text)
        if not found:
            raise ValueError(f"{text!r} is neither MS nor MS~JITTER")
        return cls(float(found[1]) / 1000, float(found[2] or 0) / 1000)

    async def pass_by(self) -> None:
        """Wait as long as an answer takes on its way."""
        await asyncio.sleep(max(0.0, random.uniform(self.seconds - self.jitter, self.seconds + self.jitter)))

    def over(self, send: Send) -> Send:
        """Send the same messages, each after the first late by a random part of the jitter."""
        if not self.jitter:
            return send
        begun = False

        async def late(message: Message) -> None:
            nonlocal begun
            if begun:
                await asyncio.sleep(random.uniform(0, self.jitter))
            begun = True
            await send(message)

        return late


NO_LATENCY = Latency()
