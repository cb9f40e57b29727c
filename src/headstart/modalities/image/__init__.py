"""Pictures: read from files, cells and bytes, seen as squares of pixels."""
