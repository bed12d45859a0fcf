"""The documentation: what it shows is run, and what it says of the code is so."""
