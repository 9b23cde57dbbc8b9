"""Below the formats: HTTP, JSON as text, and the framing of event streams, on every operation."""
