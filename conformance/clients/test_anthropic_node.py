"""The Anthropic client for JavaScript against the hub.

Beside each scene stands the plain request of the suite that the hub has to serve first.
"""

from __future__ import annotations

from conformance.clients.verdict import expect_refusal, expect_same
from conformance.engine.evidence import Record
from conformance.engine.requirement import requirement


@requirement("clients.anthropic-node.messages")
def test_anthropic_node_messages(clients_anthropic_node_messages: Record, claude_answer: object) -> None:
    expect_same(clients_anthropic_node_messages, "claude")


@requirement("clients.anthropic-node.stream")
def test_anthropic_node_stream(clients_anthropic_node_stream: Record, claude_echo_stream: object) -> None:
    expect_same(clients_anthropic_node_stream, "claude")


@requirement("clients.anthropic-node.tools")
def test_anthropic_node_two_turns(clients_anthropic_node_two_turns: Record, claude_tool_forced: object) -> None:
    expect_same(clients_anthropic_node_two_turns, "claude", turns=2)


@requirement("clients.anthropic-node.tools-stream")
def test_anthropic_node_tools_stream(
    clients_anthropic_node_tools_stream: Record, claude_tool_forced_stream: object
) -> None:
    expect_same(clients_anthropic_node_tools_stream, "claude")


@requirement("clients.anthropic-node.wrong-key")
def test_anthropic_node_wrong_key(clients_anthropic_node_wrong_key: Record, claude_answer: object) -> None:
    expect_refusal(clients_anthropic_node_wrong_key, "AuthenticationError", 401)
