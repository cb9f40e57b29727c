"""Sounds: read from files, cells and bytes, heard as 16 kHz in one channel, seen as log-mel pictures."""
