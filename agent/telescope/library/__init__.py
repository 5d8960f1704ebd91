"""The second driver: dwarf_python_api, the community's library, kept in a process of its own."""
