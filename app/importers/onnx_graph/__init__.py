"""A graph of ONNX: its recurrent operators, their weights, and what stands before and after them."""
