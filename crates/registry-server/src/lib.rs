//! An OCI distribution server.
