"""Requests, events, settings, errors, specs: plain values. Standard library and numpy only."""
