"""From night videos to labelled, split frames."""
