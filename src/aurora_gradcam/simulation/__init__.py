"""A simulated sky over a simulated camera, with exact truth."""
