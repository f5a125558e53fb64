//! The nouns, pure: no clock, no chance, no wire; values that exist only when they are right.

pub mod code;
pub mod delivery;
pub mod id;
pub mod identifier;
pub mod locale;
pub mod picture;
pub mod profile;
pub mod quota;
pub mod session;
pub mod source;
pub mod token;
pub mod user;
