"""The tables of a scan as columns: their fields, scores, rows made when asked for, and the bytes of their files."""
