"""The admin of leads; every module registers what it owns."""
