//! The noun: user.
