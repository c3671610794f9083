"""A camera watched while the night goes on: pictures as they come, a decision that does not flap, and who is told."""
