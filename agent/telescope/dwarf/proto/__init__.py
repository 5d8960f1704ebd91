"""The telescope's messages: our own `.proto` files, and what `tools/generate_protobuf.py` makes of them."""
