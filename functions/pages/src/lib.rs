//! The pages: sign-in, account and admin, and the files that they need.

pub mod files;
