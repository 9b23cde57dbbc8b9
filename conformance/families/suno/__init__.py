"""Sentences about Suno tasks: music and lyrics, their course, and the songs that they end with."""
