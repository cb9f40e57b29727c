"""Texts: read from tables and files, seen as tokens, hashed words or counts."""
