"""Findings against labelled text: precision, recall and F1."""
