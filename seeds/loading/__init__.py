"""What the loader is made of, subject by subject."""
