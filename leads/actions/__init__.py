"""The verbs. Each is one transaction; admin, API, imports and tasks call the same one."""
