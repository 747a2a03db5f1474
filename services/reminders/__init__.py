"""What falls due about services; `leads` knows none of it."""
