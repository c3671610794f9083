"""The times of a night: texts of strips, what they can mean, and the clock that they follow."""
