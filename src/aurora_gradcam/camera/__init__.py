"""What a camera's frames say of themselves: where the sky circle and the printed time stand, and how fast time runs."""
