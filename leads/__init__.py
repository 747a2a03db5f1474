"""From the first call to a landed project."""
