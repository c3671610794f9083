"""Drawing that several packages share: the style of figures, keograms, plots of a night."""
