"""Records of a corpus: file formats, compressions and encodings, read as a stream and written back as they were."""
