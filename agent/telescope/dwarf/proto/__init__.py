"""The telescope's messages: our own `.proto` files, and the code `tools/generate_protobuf.py` makes of them."""
