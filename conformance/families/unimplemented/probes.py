"""What is asked of the operations that the contract calls not implemented: the documented request, once each."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.engine.contract import Contract, Operation, load_contract
from conformance.engine.kit.forms import File, form
from conformance.engine.probe import Admit, Group, Hub, probe
from conformance.wire.exchange import Exchange

FILES_LIST = "files-list"
"""The one operation on files that names none."""


def not_implemented(contract: Contract) -> Iterable[str]:
    """Ids of the operations that the contract calls not implemented."""
    return [op.id for op in contract.operations if not op.implemented and op.alias_of is None]


@probe(admit=Admit.REFUSAL, each=not_implemented)
async def unimplemented_call(hub: Hub, operation: str) -> Exchange:
    """The contract's example of the operation, with the good token."""
    op = hub.contract.operation(operation)
    example = op.request_example()
    if example is None:
        return await hub.send(operation)
    if "multipart/form-data" in op.content_types:
        return await hub.send(operation, **form(_fields(example)))
    return await hub.send(operation, json=example)


def _fields(example: dict[str, str]) -> list[tuple[str, str | File]]:
    content = File("examples.jsonl", "application/jsonl", example["file"].encode())
    return [("file", content), *((name, value) for name, value in example.items() if name != "file")]


def _is_first(op: Operation) -> bool:
    return op.id == next(iter(not_implemented(load_contract())))


def _calls(name: str) -> bool:
    return name == unimplemented_call.__name__


unimplemented_first = Group("unimplemented_first", lambda p: _calls(p.name), only=_is_first)
unimplemented_other = Group("unimplemented_other", lambda p: _calls(p.name), only=lambda op: not _is_first(op))
unimplemented_files = Group(
    "unimplemented_files", lambda p: _calls(p.name), Admit.RAW, only=lambda op: op.id == FILES_LIST
)
