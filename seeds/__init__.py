"""The zone's published data and a marked demo set."""
