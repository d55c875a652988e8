"""What rules find in one document: placeholders, masks, junk, lines of pages, artefacts; tables are in ``data``."""
