//! All goroutines there are, in slabs that are never given back while the VM lives.
