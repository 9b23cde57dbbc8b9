"""What is asked of the playground: the same text whole and streamed by a signed-in user, and both by an API key.

A session is known on the embedded hub alone; of any other hub only the refusals are judged. No probe is the base of the
operation for that reason: a deployment is never asked plainly, so that 404 may always mean that there is no playground.
"""

from __future__ import annotations

from typing import Any

from conformance.engine.kit.echo import COPYIST, ECHO
from conformance.engine.probe import Admit, Conversation, Group, Hub, StopProbe, group, probe
from conformance.wire.exchange import Exchange

PLAYGROUND = "playground-chat"
ECHO_TOKENS = 128
FEW_TOKENS = 8
NOWHERE = "/no-such-page-7f3a9c41/chat/completions"
USER = ("New-Api-User", "1")


@probe(PLAYGROUND)
async def playground_answer(hub: Hub) -> Exchange:
    """Text of many scripts to be repeated."""
    return await _signed_in(hub)


@probe(PLAYGROUND)
async def playground_stream(hub: Hub) -> Exchange:
    """The same as a stream, usage asked for, and a group named that pays for it."""
    return await _signed_in(hub, group="default", stream=True, stream_options={"include_usage": True})


@probe(PLAYGROUND, admit=Admit.REFUSAL)
async def playground_by_key(hub: Hub) -> Conversation:
    """An API key in the place of a session, with the number of a user beside it, asking for a stream.

    When the key is taken, it is shown to a path that leads nowhere as well: some servers answer as chat wherever a path
    ends like that of chat, and have no playground.
    """
    if hub.target.token is None:
        raise StopProbe("no token is given")
    body = {"model": hub.model(), "messages": [{"role": "user", "content": "Say hello."}], "max_tokens": FEW_TOKENS}
    stream = {**body, "stream": True}
    asked = await hub.send(PLAYGROUND, auth="bearer", json=stream, headers=[USER], retry=False)
    if not asked.ok:
        return (asked,)
    return asked, await hub.send(method="POST", path=NOWHERE, json=body, retry=False)


any_playground_reply = group("any_playground_reply", playground_answer, playground_stream)
playground_door = Group("playground_door", lambda p: p.name == "playground_answer", Admit.REPLY)
playground_group = Group("playground_group", lambda p: p.name == "playground_stream", Admit.REPLY)


async def _signed_in(hub: Hub, **fields: Any) -> Exchange:
    if not hub.target.embedded:
        raise StopProbe("no session of this hub's dashboard is known, only a token")
    messages = [{"role": "system", "content": COPYIST}, {"role": "user", "content": f"Repeat exactly: {ECHO}"}]
    return await hub.ask(PLAYGROUND, **{"messages": messages, "max_tokens": ECHO_TOKENS, **fields})
