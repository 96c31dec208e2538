"""The folder on disk, readable without torch."""
