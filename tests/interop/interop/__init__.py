"""Ginnel against the gateways that Debian packages: rows are what can be negotiated, columns are makes."""
