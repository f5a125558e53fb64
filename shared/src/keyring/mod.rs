//! Signing keys and pepper.
