"""Labelling by people: a local page that asks for frames, journals of what was answered, and how far people agree."""
