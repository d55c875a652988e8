"""Compiled loops over arrays: what numpy cannot say in whole-array steps.

Each module here stands alone: numba's cache does not notice a change of a function in another file, so kernels that
call each other share a file. Each has an oracle in ``tests/test_kernels.py`` or the test of the module that uses it.
Importing one costs about half a second and its first run ever some seconds more, so only scans import them.
"""
