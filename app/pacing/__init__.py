"""Holding a rate (`--target-fps`): what every frame costs, and which parts of it are looked at less often."""
