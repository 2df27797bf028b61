"""A checkpoint in, a bundle of graphs out, each proven against the network it came from."""
