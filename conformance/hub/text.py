"""The words of the hub: a tokeniser, and answers that depend on nothing but the conversation.

What a prompt can ask for, in any letter case (the last user turn decides, unless said otherwise):

- `Repeat exactly: X`, `Say: X`, `Reply with exactly this text: X`, `重复：X` - the answer is X, verbatim, over as many
  lines as X has; without a colon (`Say hello`, `Reply with the word "pong" and nothing else`) it is the quoted text,
  else the rest.
- `Count from 1 to 5`, `Count to five, separated by spaces`, `Write the numbers 1 to 9, one per line` - the digits,
  separated by `, ` unless asked otherwise; downwards when the first number is the larger.
- `What is the NOUN?` after an earlier turn with `The NOUN is X` - a sentence with X.
- a system turn `Always answer with X` / `End every reply with X` / `Start every reply with X`.
- `... 300 words ...` or a word like `long`, `story`, `essay` - a text of about that many words.
- a last turn with a tool's result - a sentence with the result.

Everything else gets a sentence that quotes the prompt and goes on with words drawn from its hash.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

TOKEN = re.compile(r" ?\w{1,4}|\s{1,4}|[^\w\s]")

VERBS = r"(?:repeat|say|echo|reply|answer|respond|output|print|write|return|copy)"
POLITE = r"(?:(?:please|now|just|only|simply)\s+)*"
AFTER_COLON = re.compile(
    rf"(?:^|[.!?\n]\s{{0,3}}){POLITE}{VERBS}\b[^:：\n]{{0,120}}?"
    r"(?::\s+|：\s*|(?<=\brepeat):|(?<=\bsay):|(?<=\becho):|(?<=\bexactly):|(?<=\bverbatim):|(?<=\bfollowing):"
    r"|(?<=\bthis):|(?<=\btext):|(?<=\bonly):|(?<=\bback):|(?<=\bwith):)(?P<said>\S.*)",
    re.IGNORECASE | re.DOTALL,
)
CHINESE_COLON = re.compile(r"(?:重复|复述|回复|回答|输出|只说|请说)[^:：\n]{0,40}[:：]\s*(?P<said>\S.*)", re.DOTALL)
WITHOUT_COLON = re.compile(
    rf"^{POLITE}(?:(?:say|repeat|echo|output|print)|(?:reply|answer|respond)(?:\s+(?:only|exactly|just))?\s+with)\s+"
    r"(?P<said>.+)",
    re.IGNORECASE | re.DOTALL,
)
LEAD_IN = re.compile(
    r"^(?:(?:exactly|only|just|back|to me|this|nothing but|one|single|the|word|words|text|phrase|token|number|string|"
    r"sentence|following)\s+)+(?=\S)",
    re.IGNORECASE,
)
BEFORE_COLON = re.compile(r"^(?:exactly|only|just|this|the following|this text|the text)\s*:\s*", re.IGNORECASE)
TRAILER = re.compile(r"(?:,?\s+(?:and\s+)?(?:nothing else|nothing more|only|exactly|verbatim))?\s*[.!]?\s*$", re.I)
QUOTED = re.compile(r'"([^"\n]+)"|“([^”\n]+)”|`([^`\n]+)`|「([^」\n]+)」|(?<!\w)\'([^\'\n]+)\'(?!\w)')
STANDING = re.compile(
    r"(?P<where>end|finish|begin|start|reply|answer|respond)\b[^.\n:]{0,200}?(?:\bwith\b|:)\s{0,9}:?\s{0,9}(?P<said>[^\n]+)",
    re.I,
)
QUESTION = re.compile(
    r"what(?:'s|\s(?:is|was|were|are))\s(?:the|my|your)\s(?P<noun>\w[\w -]{1,40}?)"
    r"(?:\s(?:i|you|we|that|of|in|from)\b[^?]{0,200})?\s{0,9}\?",
    re.IGNORECASE,
)

NUMBERS = re.findall(
    r"\w+",
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty",
)
FIGURE = rf"(-?\d{{1,6}}|{'|'.join(NUMBERS[::-1])}|hundred|thousand)"
RANGE = re.compile(rf"\b{FIGURE}\s*(?:to|through|until|up to|-|–|—|\.\.+)\s*{FIGURE}\b", re.IGNORECASE)
COUNT_TO = re.compile(rf"\bcount(?:ing)?\b(?:\s+\w+){{0,3}}?\s+to\s+{FIGURE}\b", re.IGNORECASE)
COUNTING = re.compile(r"\bcount|\bnumbers?\b|\bintegers?\b|数到", re.IGNORECASE)
SEPARATORS = {
    r"one (?:number )?per line|new ?lines?|line breaks?|(?:own|separate|different|each) lines?": "\n",
    r"separated by (?:a |single |one )*spaces?": " ",
    r"separated by (?:a |single |one )*commas? and (?:a )?spaces?": ", ",
    r"separated by (?:a |single |one )*(?:commas? only|comma without spaces?)": ",",
    r"separated by (?:a |single |one )*semicolons?": "; ",
    r"separated by (?:a |single |one )*(?:dash(?:es)?|hyphens?)": "-",
}
LONGEST_COUNT = 20_000
MOST_WORDS = 5_000
LONG_TEXT = re.compile(r"\b(?:long|story|essay|poem|detailed|in detail|paragraphs?|at length)\b", re.IGNORECASE)
WORD_COUNT = re.compile(r"\b(\d{1,5})[ -]words?\b", re.IGNORECASE)

VOCABULARY = re.findall(
    r"\w+",
    "amber anchor autumn basket beacon bridge candle canyon cedar circle clover copper coral cotton crystal delta "
    "ember falcon fern forest garden glacier harbor hazel island ivory jasmine lantern lemon linen maple marble "
    "meadow mirror morning mountain ocean olive orchard paper pebble pepper pine planet prairie quartz raven river "
    "saddle sailor silver spring stone summer thunder timber valley velvet violet walnut water willow winter wonder",
)


@dataclass(frozen=True)
class Turn:
    """One turn of a conversation, whatever its format was: `role` is system, user, assistant or tool."""

    role: str
    text: str
    name: str = ""
    images: int = 0
    """Tokens of the pictures and videos."""
    audio: int = 0
    """Tokens of the recordings."""
    files: int = 0
    """Tokens of the files."""
    calls: tuple[str, ...] = ()
    """The tool calls of an assistant turn, each as one string (for counting)."""


def tokens_of(text: str) -> tuple[str, ...]:
    """The tokens of `text`: words in pieces of up to four characters. They join to exactly `text`."""
    return tuple(TOKEN.findall(text))


def count_tokens(text: str) -> int:
    """How many tokens `text` has."""
    return sum(1 for _ in TOKEN.finditer(text))


def last_request(turns: Sequence[Turn]) -> str:
    """The text of the last user turn; of the last turn when no user spoke."""
    asked = [turn.text for turn in turns if turn.role == "user"] or [turn.text for turn in turns]
    return asked[-1] if asked else ""


def answer(turns: Sequence[Turn]) -> str:
    """The text that a conversation is answered with; see the top of this module."""
    results = tool_results(turns)
    if results:
        return "The tool returned: " + "; ".join(results)
    prompt = last_request(turns)
    said = dictated(prompt)
    if said is None:
        said = recalled(prompt, turns)
    if said is None:
        said = sentence(prompt)
    elif not _is_standing(turns):
        return said
    return _standing_order(turns, said, dictated(prompt) is not None)


def tool_results(turns: Sequence[Turn]) -> list[str]:
    """The texts of the tool turns that end the conversation."""
    results: list[str] = []
    for turn in reversed(turns):
        if turn.role != "tool":
            break
        results.insert(0, turn.text)
    return results


def dictated(prompt: str) -> str | None:
    """The text that the prompt spells out or lets be counted; None when it leaves the words to us."""
    for pattern in (AFTER_COLON, CHINESE_COLON):
        if found := pattern.search(prompt):
            return found["said"].rstrip()
    counted = _counted(prompt)
    if counted is not None:
        return counted
    found = WITHOUT_COLON.search(prompt.strip())
    return _wording(found["said"]) if found else None


def _wording(said: str) -> str:
    quoted = quotations(said)
    if quoted:
        return quoted[0]
    said = said.rstrip()
    bare = said[:-60] + TRAILER.sub("", said[-60:], count=1)
    return LEAD_IN.sub("", bare) or bare


def quotations(text: str) -> list[str]:
    """What stands between quotation marks or backticks."""
    return [next(filter(None, found.groups())) for found in QUOTED.finditer(text)]


def _counted(prompt: str) -> str | None:
    if not COUNTING.search(prompt):
        return None
    if found := RANGE.search(prompt):
        first, last = _figure(found[1]), _figure(found[2])
    elif found := COUNT_TO.search(prompt):
        first, last = 1, _figure(found[1])
    else:
        return None
    step = 1 if last >= first else -1
    last = max(min(last, first + LONGEST_COUNT), first - LONGEST_COUNT)
    return _separator(prompt).join(map(str, range(first, last + step, step)))


def _figure(word: str) -> int:
    words = {**{name: value for value, name in enumerate(NUMBERS)}, "hundred": 100, "thousand": 1000}
    return words[word.lower()] if word.lower() in words else int(word)


def _separator(prompt: str) -> str:
    if found := re.search(r"separated by (?:\"([^\"]+)\"|'([^']+)'|`([^`]+)`)", prompt):
        return str(next(filter(None, found.groups())))
    return next((mark for words, mark in SEPARATORS.items() if re.search(words, prompt, re.IGNORECASE)), ", ")


def recalled(prompt: str, turns: Sequence[Turn]) -> str | None:
    """The answer to `What is the NOUN?` from an earlier turn that told it."""
    asked = QUESTION.search(prompt)
    if not asked:
        return None
    noun = asked["noun"].strip()
    told = re.compile(rf"\b{re.escape(noun)}\b\s*(?:is|was|=|:)\s*[\"'`“]?(?P<said>[^\s\"'`”,;]+)", re.IGNORECASE)
    for turn in reversed(turns):
        if turn.text != prompt and (found := told.search(turn.text)):
            return f"The {noun} is {found['said'].rstrip('.!?')}."
    return None


def _is_standing(turns: Iterable[Turn]) -> bool:
    return any(turn.role == "system" and STANDING.search(turn.text) for turn in turns)


def _standing_order(turns: Sequence[Turn], said: str, keep: bool) -> str:
    """What the system turn makes of the answer; it replaces the words only when the user has not dictated them."""
    for turn in turns:
        found = STANDING.search(turn.text) if turn.role == "system" else None
        if not found:
            continue
        wording = _wording(BEFORE_COLON.sub("", found["said"]))
        if found["where"].lower() in ("end", "finish"):
            return f"{said} {wording}"
        if found["where"].lower() in ("begin", "start"):
            return f"{wording} {said}"
        return said if keep else wording
    return said


def sentence(prompt: str) -> str:
    """A text that quotes the beginning of the prompt and goes on with words drawn from its hash."""
    quoted = " ".join(prompt.split()[:12])[:200]
    wished = WORD_COUNT.search(prompt)
    wanted = 16 + (200 if LONG_TEXT.search(prompt) else 0) if not wished else min(int(wished[1]), MOST_WORDS)
    return f"You asked: {quoted} - and the answer is {' '.join(words(prompt, wanted))}."


def words(seed: str, count: int) -> list[str]:
    """`count` words that depend on `seed` only."""
    drawn: list[str] = []
    for block in range(count // 32 + 1):
        digest = hashlib.sha256(f"{block}\0{seed}".encode()).digest()
        drawn += [VOCABULARY[byte % len(VOCABULARY)] for byte in digest]
    return drawn[:count]
