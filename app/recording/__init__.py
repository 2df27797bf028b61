"""Writing takes to files."""
