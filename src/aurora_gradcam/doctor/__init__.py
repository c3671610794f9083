"""What `aurora doctor` looks at: the machine, and the project on it."""
