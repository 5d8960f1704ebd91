"""Bluetooth LE: finding a telescope and putting it onto a Wi-Fi network."""
