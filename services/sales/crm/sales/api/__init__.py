"""HTTP in, commands and queries out, one module per noun. No rule lives here."""
