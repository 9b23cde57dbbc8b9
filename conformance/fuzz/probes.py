"""The fuzz run as a probe: one piece of evidence an operation, asked in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.engine.contract import Contract, Operation
from conformance.engine.probe import Admit, Conversation, Group, Hub, Probe, probe


def fuzzable(contract: Contract) -> Iterator[str]:
    """Ids of the operations that are fuzzed: one for each path and method, second spellings and sockets left out."""
    for operation in contract.operations:
        if operation.alias_of is None and operation.streaming.kind != "websocket":
            yield operation.id


@probe(each=fuzzable, admit=Admit.RAW, apart=True)
async def fuzz_run(hub: Hub, operation: str) -> Conversation:
    """Examples, odd requests, a sample of everything the schemas suggest, and random ones."""
    from conformance.fuzz import adapter
    from conformance.fuzz.run import OperationRun
    from conformance.fuzz.terms import LEVELS, Terms

    terms = Terms.from_dict(hub.terms) if hub.terms else LEVELS["quick"]
    adapter.start(terms.storage)
    run = OperationRun(hub, hub.contract.operation(operation), terms)
    exchanges = await run.run()
    hub.notes = run.notes.to_dict()
    return exchanges


def _runs(candidate: Probe) -> bool:
    return candidate.name == "fuzz_run"


def _streams(operation: Operation) -> bool:
    return operation.streaming.kind.startswith("sse")


def _has_id(operation: Operation) -> bool:
    names = {p["name"] for p in operation.parameters if p["in"] == "path"}
    return operation.implemented and bool(names - {"model", "action", "mode"})


fuzz_served = Group("fuzz_served", _runs, only=lambda op: op.implemented, apart=True)
fuzz_with_body = Group("fuzz_with_body", _runs, only=lambda op: op.implemented and bool(op.content_types), apart=True)
fuzz_without_id = Group("fuzz_without_id", _runs, only=lambda op: op.implemented and not _has_id(op), apart=True)
fuzz_with_id = Group("fuzz_with_id", _runs, only=_has_id, apart=True)
fuzz_locked = Group("fuzz_locked", _runs, only=lambda op: "none" not in op.auth, apart=True)
fuzz_streaming = Group("fuzz_streaming", _runs, only=_streams, apart=True)
fuzz_submitting = Group("fuzz_submitting", _runs, only=lambda op: op.task == "submit", apart=True)
