"""What a person runs: commands, sources, tracking and recording. Needs no PyTorch."""
