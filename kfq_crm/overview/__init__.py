"""The roof: figures and pages that read across apps."""
