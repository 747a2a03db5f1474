"""The ground: what every app stands on. Imports no other app."""
