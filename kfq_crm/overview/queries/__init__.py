"""Reads across apps, each through what the person may see."""
