"""The image scale in the window: what it is, two clicks on a scale bar, the ruler, and the legend that is cut."""
