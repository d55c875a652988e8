"""Keeps, drops, cleans and restores records by what a scan found, with an account of all that went."""
