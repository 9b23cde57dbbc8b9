"""The Anthropic client for Python against the hub.

Beside each scene stands the plain request of the suite that the hub has to serve first.
"""

from __future__ import annotations

from conformance.clients.verdict import expect_refusal, expect_same, expect_types
from conformance.engine.evidence import Record
from conformance.engine.requirement import requirement


@requirement("clients.anthropic.messages")
def test_anthropic_messages(clients_anthropic_messages: Record, claude_answer: object) -> None:
    expect_same(clients_anthropic_messages, "claude")


@requirement("clients.anthropic.stream")
def test_anthropic_stream(clients_anthropic_stream: Record, claude_echo_stream: object) -> None:
    expect_same(clients_anthropic_stream, "claude")


@requirement("clients.anthropic.tools")
def test_anthropic_two_turns(clients_anthropic_two_turns: Record, claude_tool_forced: object) -> None:
    expect_same(clients_anthropic_two_turns, "claude", turns=2)


@requirement("clients.anthropic.tools-stream")
def test_anthropic_tools_stream(clients_anthropic_tools_stream: Record, claude_tool_forced_stream: object) -> None:
    expect_same(clients_anthropic_tools_stream, "claude")


@requirement("clients.anthropic.models")
def test_anthropic_models(clients_anthropic_models: Record, models_list: object) -> None:
    expect_same(clients_anthropic_models, "models")


@requirement("clients.anthropic.wrong-key")
def test_anthropic_wrong_key(clients_anthropic_wrong_key: Record, claude_answer: object) -> None:
    expect_refusal(clients_anthropic_wrong_key, "AuthenticationError", 401)


@requirement("clients.anthropic.wrong-request")
def test_anthropic_wrong_request(clients_anthropic_wrong_request: Record, claude_answer: object) -> None:
    expect_refusal(clients_anthropic_wrong_request, "BadRequestError", 400)


@requirement("clients.anthropic.types")
def test_anthropic_types(clients_anthropic_plain: Record) -> None:
    expect_types(clients_anthropic_plain)
