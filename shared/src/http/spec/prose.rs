//! What is said of an operation to people.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// Words and examples of one operation.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Prose {
    /// The group that it belongs to.
    #[serde(skip)]
    pub group: String,
    /// What it does, in a few words.
    pub title: String,
    /// The same, as a paragraph.
    pub text: String,
    /// What the body of the request is.
    pub body: String,
    /// What the fields and parameters of the request are, where their own types do not say enough.
    pub fields: BTreeMap<String, String>,
    /// What its parameters may be.
    pub parameters: Map<String, Value>,
    pub request: Value,
    /// A request that is refused, for the example of 422.
    pub wrong: Map<String, Value>,
    /// What it means that it succeeds.
    pub answer: String,
    /// The body of the answer.
    pub example: Value,
}
