"""Run an exported graph on a runtime."""
