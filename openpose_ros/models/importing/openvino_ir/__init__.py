"""OpenVINO IR: read, and turned into ONNX."""
