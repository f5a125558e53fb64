//! The noun: session.
