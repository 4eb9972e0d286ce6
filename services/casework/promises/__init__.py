"""The ledger of promises: `policy.promise` under a row's lock, with its history, its messages and its certificates."""
