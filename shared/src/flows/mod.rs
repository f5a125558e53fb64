//! What more than one function does with store, keys, messages and pictures.
//!
//! - [`auth`]: who is calling;
//! - [`rate_limit`], [`text_budget`]: whether a caller may go on, and whether a text may still be sent today;
//! - [`send`]: the one way out to people;
//! - [`request_code`], [`verify_code`]: sending a code, and checking one; [`sent`]: the answer to the former;
//! - [`replaced_session`]: the session that a browser gives up by a sign-in;
//! - [`notices`]: telling people that an address of their account changed;
//! - [`profile`]: the profile as its owner sees it;
//! - [`export`], [`erase`]: handing out everything that is held on a person, and removing it.

pub mod auth;
pub mod erase;
pub mod export;
mod lane;
pub mod notices;
pub mod profile;
pub mod rate_limit;
pub mod replaced_session;
pub mod report;
pub mod request_code;
pub mod send;
pub mod sent;
pub mod text_budget;
pub mod verify_code;
