"""Web services and their endpoints: keys, throttle, update, gates, ledger, rollback, help, swagger."""
