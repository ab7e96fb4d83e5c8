"""Importing: from files of other formats, a folder each, to ONNX that every engine runs."""
