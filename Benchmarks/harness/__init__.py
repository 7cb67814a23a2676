"""Measures gpumerge against its yardstick and its rivals. Needs nothing but Python."""
