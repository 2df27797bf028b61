"""What is computed: the networks (PyTorch), the SMPL-X body (NumPy), joints and rotations."""
