"""Classifying every frame and reading the results."""
