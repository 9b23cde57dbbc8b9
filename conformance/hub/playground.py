"""POST /pg/chat/completions: the dashboard's playground, which is chat for whoever is signed in."""

from conformance.hub.app import Connection
from conformance.hub.chat import create
from conformance.hub.routes import Route


def envelope(_request: Connection, _route: Route) -> str:
    """Behind the gate it is chat that answers, errors included."""
    return "openai"


HANDLERS = {"playground-chat": create}
ENVELOPES = {"playground-chat": envelope}
