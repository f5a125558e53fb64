//! The noun: delivery.
