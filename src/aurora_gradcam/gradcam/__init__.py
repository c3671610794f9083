"""Where the classifier looks, shown and measured."""
