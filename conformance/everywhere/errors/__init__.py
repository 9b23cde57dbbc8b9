"""Refusals: wrong requests get a clear no, in the envelope that the caller's client reads, and leak nothing."""
