"""What goes over the wire and how it is kept as evidence. Nothing in here judges a hub."""
