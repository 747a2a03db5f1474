"""Industry chains, their segments, task teams, lists and targets."""
