"""Every published number has a script here. Speeds are ratios inside one run, since machines are noisy."""
