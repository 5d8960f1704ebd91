"""The agent on MQTT: its connection, its topics, what it says and what it takes."""
