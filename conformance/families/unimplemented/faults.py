"""Faults of the operations that are not implemented."""

from typing import Any

from conformance.hub.faults.base import Ask, Reply, fault

FILE: dict[str, Any] = {
    "id": "file-1",
    "object": "file",
    "bytes": 16,
    "created_at": 1_735_689_600,
    "filename": "examples.jsonl",
    "purpose": "fine-tune",
    "status": "processed",
}
LEFT_OUT = {"unimplemented.alike": "the others are refused in another way"}


def _refuses(ask: Ask, reply: Reply, *operations: str) -> bool:
    return reply.status == 501 and ask.operation in operations


@fault(
    "unimplemented.upload-served",
    "An upload is answered as if the file had been stored.",
    "unimplemented.not-served",
    source="plain logic: a stub that answers what clients like to hear",
)
def upload_served(ask: Ask, reply: Reply) -> Reply:
    return reply.with_status(200).with_json(FILE) if _refuses(ask, reply, "files-upload") else reply


@fault(
    "unimplemented.nothing",
    "A file that is to be deleted is answered with 200 and nothing else.",
    "unimplemented.refused",
    source="plain logic: a route that was only declared",
)
def nothing(ask: Ask, reply: Reply) -> Reply:
    there = _refuses(ask, reply, "files-delete")
    return reply.with_status(200).without_header("content-type").with_body(b"") if there else reply


@fault(
    "unimplemented.page",
    "The dashboard's page is sent in the place of a list.",
    "unimplemented.refused",
    source="QuantumNous/new-api: paths that are not below /v1 lead to the dashboard",
)
def page(ask: Ask, reply: Reply) -> Reply:
    if not _refuses(ask, reply, "fine-tunes-list", "fine-tunes-events"):
        return reply
    return reply.with_status(200).with_header("content-type", "text/html").with_body(b"<!doctype html><html></html>")


@fault(
    "unimplemented.crash",
    "A request to delete a file ends in a server error.",
    "unimplemented.refused",
    source="plain logic: a handler that was never written",
)
def crash(ask: Ask, reply: Reply) -> Reply:
    return reply.with_status(500) if _refuses(ask, reply, "files-delete") else reply


@fault(
    "unimplemented.model-wanted",
    "A request without a model is refused with 400 before anybody sees that there is nothing to route to.",
    "unimplemented.status",
    also=LEFT_OUT,
    source="QuantumNous/new-api: these routes stand behind the choice of a channel",
)
def model_wanted(ask: Ask, reply: Reply) -> Reply:
    if reply.status != 501 or (ask.json or {}).get("model") or not (ask.operation or "").startswith(("fine", "files")):
        return reply
    error = {"message": "No model.", "type": "invalid_request_error", "param": "model", "code": "model_required"}
    return reply.with_status(400).without_header("x-should-retry").with_json({"error": error})


@fault(
    "unimplemented.not-found",
    "Contents of files are not found.",
    "unimplemented.status",
    also=LEFT_OUT,
    source="gateways that leave such routes out",
)
def not_found(ask: Ask, reply: Reply) -> Reply:
    return reply.with_status(404) if _refuses(ask, reply, "files-content") else reply


@fault(
    "unimplemented.plain-text",
    "A refusal is plain text.",
    "unimplemented.envelope",
    source="the default of a common Go router",
)
def plain_text(ask: Ask, reply: Reply) -> Reply:
    if not _refuses(ask, reply, "fine-tunes-cancel"):
        return reply
    return reply.with_header("content-type", "text/plain").with_body(b"501 not implemented")


@fault(
    "unimplemented.detail",
    "A refusal has a member detail and no error.",
    "unimplemented.envelope",
    source="the default of a common Python framework",
)
def detail(ask: Ask, reply: Reply) -> Reply:
    return reply.with_json({"detail": "Not Implemented"}) if _refuses(ask, reply, "files-retrieve") else reply


@fault(
    "unimplemented.no-code",
    "A refusal has no code.",
    "unimplemented.code",
    also=LEFT_OUT,
    source="gateways that fill in nothing but the message",
)
def no_code(ask: Ask, reply: Reply) -> Reply:
    return _with_error(reply, code=None) if _refuses(ask, reply, "files-list") else reply


@fault(
    "unimplemented.empty-code",
    "The code of a refusal is the empty text.",
    "unimplemented.code",
    source="QuantumNous/new-api: errors of the gate have an empty code",
)
def empty_code(ask: Ask, reply: Reply) -> Reply:
    theirs = reply.status == 501 and (ask.operation or "").startswith(("fine-tunes", "files"))
    return _with_error(reply, code="") if theirs else reply


@fault(
    "unimplemented.other-type",
    "Files are refused with another type than fine-tunes.",
    "unimplemented.alike",
    source="plain logic: two handlers for one reason",
)
def other_type(ask: Ask, reply: Reply) -> Reply:
    return _with_error(reply, type="api_error") if (ask.operation or "").startswith("files-") else reply


def _with_error(reply: Reply, **members: Any) -> Reply:
    if reply.status != 501:
        return reply
    answer = reply.json
    answer["error"] |= members
    return reply.with_json(answer)


@fault(
    "unimplemented.retry",
    "A 501 does not say that it is not to be repeated.",
    "unimplemented.no-retry",
    source="openai-python repeats a 501",
)
def retry(ask: Ask, reply: Reply) -> Reply:
    return reply.without_header("x-should-retry") if reply.status == 501 else reply
