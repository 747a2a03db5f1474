"""The verbs of chains: teams and their people, target companies."""
