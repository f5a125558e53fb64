//! The noun: source.
