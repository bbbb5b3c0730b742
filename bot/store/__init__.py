"""Rows, transactions and the three durable rooms: inbox, outbox, slots."""
