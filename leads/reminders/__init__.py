"""Reminders: rules find what is due, the engine records it once, mails follow from the rows."""
