"""What the product is measured beside: Django's own admin over one bare table."""
