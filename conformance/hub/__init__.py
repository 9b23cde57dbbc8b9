"""The embedded reference hub: a small ASGI application that keeps the whole contract, with no model behind it.

It is deliberately independent of the suite that judges it (nothing of `conformance.wire`, `conformance.engine` or
`conformance.families` is imported), so that one mistake cannot hide in both. It reads the contract itself, from the
same `openapi/` folder.
"""
