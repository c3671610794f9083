"""HTML pages that need nothing but themselves: templates, their common style, and pictures inside the page."""
