"""Synthetic people, training and evaluation of the open bundle; the making of the open body."""
