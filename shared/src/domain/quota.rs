//! The noun: quota.
