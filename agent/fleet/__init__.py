"""Sessions that several telescopes could take: each is placed where it ends best, and runs once."""
