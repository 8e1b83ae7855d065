"""The bench: tunnels side by side, in namespaces, as ratios."""
