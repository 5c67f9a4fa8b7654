"""Decisions: each public verb is one transaction and knows nothing of the web."""
