"""Hand4Whole (Moon, Choi and Lee, CVPRW 2022) in PyTorch, under the released tensor names."""
