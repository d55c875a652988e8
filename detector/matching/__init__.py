"""What documents have in common: families, matches, clusters with templates, blocks, phrases and outlines."""
