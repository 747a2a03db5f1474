"""Measures the product beside a plain Django admin and plain SQL. `bin/bench` starts it."""
