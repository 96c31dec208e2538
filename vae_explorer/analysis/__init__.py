"""Numbers about codes."""
