"""Browser pages: whether one on another host may ask, and that asking for permission costs nothing."""
