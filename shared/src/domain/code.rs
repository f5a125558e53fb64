//! The noun: code.
