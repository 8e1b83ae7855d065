"""The test bed: namespaces, daemons and captures that the tests and the demo are made of.

Everything lives in one scratch directory and in namespaces; the machine's own files, network and
services stay as they are. Needs root, and the packages of tests/lib/install-packages.
"""
