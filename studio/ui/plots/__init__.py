"""Curves: axes in the theme's colours, inks, marks, a legend to tick."""
