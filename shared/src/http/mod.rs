//! Extractors, answers, problems.
//!
//! A request comes from [`crate::lambda`] through [`layer`] to a handler, which takes what it needs in this order: its
//! [`Caller`], the guard that authenticates, its [`Page`], and last the [`JsonBody`]; so 401 is decided before a body
//! is read. What goes wrong is a [`crate::Error`], and [`problem`] says how each looks from outside.

mod answer;
mod arrival;
mod body;
mod caller;
mod channel;
mod cors;
mod edge;
mod fields;
mod headers;
mod json;
mod layer;
mod page;
pub(crate) mod paths;
pub mod problem;
mod respond;
mod session_cookie;
#[cfg(feature = "document")]
pub mod spec;

pub use answer::True;
pub use arrival::Arrival;
pub use body::{JSON_LIMIT, JsonBody, media_type, plain_encoding, read};
pub use caller::Caller;
pub use channel::channel;
pub use fields::Fields;
pub use fields::recorded::Described;
pub use headers::{device_token, idempotency_key, rate_limit_headers};
pub use json::object;
pub use layer::{layer, refusal};
pub use page::{Listing, Page, Series, first};
pub use session_cookie::{SessionCookie, wrong_header as wrong_session_cookie_header};
