"""Carries the numbers of a crawl to where people watch many.

`exporter` is what each of them is, `places` what crawls of one process have in common,
and `courier` has the thread for what may be slow. ``prometheus/`` has its metrics, and
the three ways to have them there; ``otel/`` hands them to OpenTelemetry. What is
optional is imported only where a setting asks for it.
"""
