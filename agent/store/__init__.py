"""Astro_Sessions on disk: folders, atomic moves, the journal, the ledger of submissions, results and logs."""
