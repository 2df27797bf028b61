"""The making of the open body: a MakeHuman character in the layout of SMPL-X."""
