"""What a run leaves: the result record and its faces, each a pure function of it."""
