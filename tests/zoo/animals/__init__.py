"""The spiders and components of the zoo that are not those of other tests."""
