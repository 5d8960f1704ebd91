"""Measurements that print one line of JSON each, such as `python -m benchmarks.scan_start`."""
