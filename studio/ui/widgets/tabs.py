"""Tabs without the frame of pages: those of the window, of a workspace's views, of an axis."""

from __future__ import annotations

from PySide6.QtWidgets import QTabBar

from studio.ui.widgets.form import named


def tab_bar(name: str, label: str, tip: str) -> QTabBar:
    """An empty one, as narrow as its tabs."""
    tabs = named(QTabBar(), name, label, tip)
    tabs.setExpanding(False)
    tabs.setDrawBase(False)
    return tabs
