"""The demo set, lived through day by day by the product's own actions."""
