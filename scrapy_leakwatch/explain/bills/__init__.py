"""The memory bill: owners, and the places where memory has come together."""
