"""Thresholds: which documents are kept, and what each threshold would do."""
