//! Every variable that can be set: what it means, what it may be, and the sentence that a wrong value gets.
//!
//! [`settings`] is the table of all of them; each module reads its own section struct from a [`Reader`], which collects
//! every complaint before the start is refused, so that an operator can fix them all at once.

#[cfg(test)]
mod document;
mod edge;
mod own_origins;
mod pages;
mod reader;
mod sections;
pub mod settings;

pub use edge::{Edge, EdgeSecrets};
pub use own_origins::{OwnOrigins, is_on_loopback};
pub use pages::Pages;
pub use reader::{Complaint, Complaints, Reader, SecretDocument, Variables};
pub use sections::*;
