"""How a family takes in a JSON request: the rules of its fields, the schema of the contract, the kind of the model."""

from collections.abc import Mapping
from typing import Any

from conformance.hub import fields
from conformance.hub.app import Call
from conformance.hub.body import read_json
from conformance.hub.catalogue import BY_ID
from conformance.hub.errors import invalid, unknown_model
from conformance.hub.fields import Check
from conformance.hub.schemas import check_request


async def take_in(
    call: Call,
    checks: Mapping[str, Check],
    required: tuple[str, ...],
    kinds: tuple[str, ...],
    default_model: str | None = None,
) -> dict[str, Any]:
    """The checked body, null members left out; raises 400 for what breaks a rule and 404 for an unknown model.

    A model of the path wins over that of the body, and `default_model` stands in when neither names one.
    """
    body = await read_json(call.request)
    if "model" in call.params:
        body = {**body, "model": call.params["model"]}
    request = fields.read(body, checks, required)
    if call.route.request:
        check_request(call.route.request, fields.without_nulls(body))
    request.setdefault("model", default_model)
    check_model(request["model"], kinds)
    return request


def check_model(model: str, kinds: tuple[str, ...]) -> None:
    """Raises 404 for a model that the hub does not have, and 400 for one that does other work."""
    if model not in BY_ID:
        raise unknown_model(model)
    if BY_ID[model].kind not in kinds:
        raise invalid(
            f"This model does not do that work: it is one for {BY_ID[model].kind}.", "model", "model_not_supported"
        )
