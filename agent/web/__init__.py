"""The page in the browser and its REST interface, beside MQTT: other doors to the same desk."""
