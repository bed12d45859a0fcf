"""Names objects, and the references between them, for a person."""
