"""A small shop that leaks: the example project of scrapy-leakwatch."""
