"""Realtime conversations over a WebSocket."""
