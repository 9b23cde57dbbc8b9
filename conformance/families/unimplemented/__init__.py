"""The operations that the documents list as not implemented: refused, alike, and in so many words."""
