"""Frames of a person's own videos and images classified: times, Sun and Moon, P(aurora), and a page to read."""
