"""What answers say that they cost: the same for the same, more for more, and alike in all formats."""
