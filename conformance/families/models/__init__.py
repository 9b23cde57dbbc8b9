"""Model lists, in the shapes of the three vendors whose clients read them."""
