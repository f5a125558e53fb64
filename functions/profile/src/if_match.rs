//! The header `If-Match` (RFC 9110 section 13.1.1): a change is made to the version that its author saw.

use axum::http::{HeaderMap, header};

/// Which versions a change may be made to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IfMatch {
    /// Whichever there is: the header is missing, or `*`.
    Any,
    /// One of these entity tags, quotes included.
    Tags(Vec<String>),
}

impl IfMatch {
    /// Reads the header; several of them are one list. Tags are compared strongly, so a weak one matches nothing, and
    /// neither does what is no entity tag: a client that set a condition must not be served without it.
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let mut tags = Vec::new();
        for value in headers.get_all(header::IF_MATCH) {
            // No tag of ours contains a comma, so its halves match nothing.
            for tag in value.as_bytes().split(|byte| *byte == b',') {
                match tag.trim_ascii() {
                    b"*" => return Self::Any,
                    tag => tags.push(String::from_utf8_lossy(tag).into_owned()),
                }
            }
        }
        if headers.contains_key(header::IF_MATCH) {
            Self::Tags(tags)
        } else {
            Self::Any
        }
    }

    /// Whether this version will do.
    pub(crate) fn admits(&self, version: u64) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags.contains(&tag(version)),
        }
    }

    /// Whether a certain version is meant.
    pub(crate) fn is_strict(&self) -> bool {
        *self != Self::Any
    }
}

/// The entity tag of a version.
pub(crate) fn tag(version: u64) -> String {
    format!("\"{version}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(headers: &[&str], version: u64) -> bool {
        let headers = headers
            .iter()
            .map(|value| (header::IF_MATCH, value.parse().unwrap()))
            .collect();
        IfMatch::read(&headers).admits(version)
    }

    #[test]
    fn a_tag_is_compared_strongly() {
        for (headers, admitted) in [
            (&[][..], true),
            (&["*"], true),
            (&["\"7\""], true),
            (&["\"6\", \"7\""], true),
            (&["\"6\"", "\"7\""], true),
            (&["\"6\""], false),
            (&["W/\"7\""], false),
            (&["7"], false),
            (&["\"07\""], false),
            (&[""], false),
            (&["\"7"], false),
            (&["\"77\""], false),
        ] {
            assert_eq!(admits(headers, 7), admitted, "{headers:?}");
        }
    }

    #[test]
    fn only_a_tag_means_a_certain_version() {
        let strict = |value: &str| {
            let headers = [(header::IF_MATCH, value.parse().unwrap())]
                .into_iter()
                .collect();
            IfMatch::read(&headers).is_strict()
        };
        assert!(!strict("*") && strict("\"1\"") && strict("nonsense"));
        assert!(!IfMatch::read(&HeaderMap::new()).is_strict());
    }
}
