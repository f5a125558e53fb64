//! The noun: profile.
