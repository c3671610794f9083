"""The frames of the corpus: their names, their night archives, their pictures, and the sky circle within them."""
