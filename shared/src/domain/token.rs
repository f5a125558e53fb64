//! The noun: token.
