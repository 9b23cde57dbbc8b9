"""Programs that play a scene with one official client: a call or a few of its public interface.

They run in processes of their own, speak to a relay on this machine, and know neither the hub nor its token.
"""
