"""What is true of staff and investigations: plain values and pure functions. The promise itself is `policy.promise`."""
