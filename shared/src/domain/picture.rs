//! The noun: picture.
