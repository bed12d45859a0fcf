"""What is in a container, what bounds it and what helps."""
