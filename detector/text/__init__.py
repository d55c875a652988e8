"""Text as columns: code points, folded characters, tokens, shingles, passages and clauses."""
