//! The noun: locale.
