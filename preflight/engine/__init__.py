"""Where units of work run. An engine holds no durable state: the ledger remembers, the store keeps."""
