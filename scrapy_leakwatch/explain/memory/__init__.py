"""Python's and the C library's allocators, and what is resident."""
