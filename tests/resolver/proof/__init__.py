"""What the proof of the resolver has beyond the lab's bed: further servers, gateways, watchers."""
