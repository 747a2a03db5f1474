"""The weekly digest: frozen once a reader, chain and week; mail follows from the rows."""
