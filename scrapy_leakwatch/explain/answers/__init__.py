"""The questions that a child can be asked, one file each, and what they share."""
