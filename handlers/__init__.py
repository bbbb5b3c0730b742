"""Every inbound edge of Lookout, thin: parse, store, ack."""
