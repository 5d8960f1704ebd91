"""The page in the browser and its REST interface, beside MQTT: the same requests, read the same way."""
