"""Parts of the bulk generator: words, companies, stories, rows, the way into the database."""
