"""Badges with counts: `badge.json` for a shields endpoint, `badge.svg` for everybody else. There is no percentage."""

from __future__ import annotations

import json
from xml.sax.saxutils import escape, quoteattr

from conformance.engine.judge import Verdict
from conformance.report.result import Result

LABEL = "hub contract"
COLOURS = {"brightgreen": "#2f8f5b", "yellow": "#a8750a", "red": "#c2363f", "lightgrey": "#6b7280"}
"""Names that a shields endpoint knows, with the colours of our own picture."""

_NARROW = frozenset("ijltf.,:;'|!()[] ")
_HEIGHT = 20


def message(result: Result) -> tuple[str, str]:
    """What the badge says, and its colour's name. Sentences are counted, each by its worst verdict."""
    count = {verdict: result.requirements.get(verdict, 0) for verdict in Verdict}
    parts = [
        f"{count[verdict]} {word}"
        for verdict, word in (
            (Verdict.PASS, "kept"),
            (Verdict.FAIL, "broken"),
            (Verdict.WARN, "warned"),
            (Verdict.ERROR, "gone wrong"),
            (Verdict.INCONCLUSIVE, "undecided"),
        )
        if count[verdict]
    ]
    if result.conformant is False:
        colour = "red"
    elif not result.conformant:
        colour = "lightgrey"
    else:
        colour = "yellow" if count[Verdict.WARN] else "brightgreen"
    return ", ".join(parts) or "nothing judged", colour


def badge_json(result: Result) -> str:
    """The answer of a shields endpoint (schema version 1)."""
    text, colour = message(result)
    return json.dumps({"schemaVersion": 1, "label": LABEL, "message": text, "color": colour}, indent=2) + "\n"


def badge_svg(result: Result) -> str:
    """The badge as a picture of its own, 20 pixels high."""
    text, colour = message(result)
    left, right = _width(LABEL), _width(text)
    whole = left + right
    name = quoteattr(f"{LABEL}: {text}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="{_HEIGHT}" role="img" aria-label={name}>'
        f"<title>{escape(f'{LABEL}: {text}')}</title>"
        f'<clipPath id="r"><rect width="{whole}" height="{_HEIGHT}" rx="4"/></clipPath>'
        f'<g clip-path="url(#r)"><rect width="{left}" height="{_HEIGHT}" fill="#3b4048"/>'
        f'<rect x="{left}" width="{right}" height="{_HEIGHT}" fill="{COLOURS[colour]}"/></g>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">'
        f"{_words(LABEL, left / 2, left - 14)}{_words(text, left + right / 2, right - 14)}</g></svg>\n"
    )


def _words(text: str, middle: float, width: int) -> str:
    return f'<text x="{middle:g}" y="14" textLength="{width}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'


def _width(text: str) -> int:
    """Pixels of a half: the letters of Verdana at 11 pixels, about, and 7 on either side."""
    return round(sum(4.2 if letter in _NARROW else 7.0 for letter in text)) + 14
