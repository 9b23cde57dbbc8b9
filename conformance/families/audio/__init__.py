"""Sentences about speech that is made, and about recordings that are written down or translated."""
