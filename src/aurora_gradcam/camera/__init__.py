"""A params file for a camera from its frames: sky circle, box of the printed time, pace of the clock."""
