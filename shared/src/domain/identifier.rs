//! The noun: identifier.
