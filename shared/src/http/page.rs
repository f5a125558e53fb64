//! Lists: one page of them at a time.

use std::ops::RangeInclusive;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use super::fields::Fields;
use crate::Error;
use crate::domain::InvalidValue;
use crate::keyring::{Cursor, Peppers};

/// Which page of a list is asked for: `?limit=` (1 to 100, 50 where it is missing) and `?cursor=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many results, 1 to 100.
    pub limit: u32,
    /// Where to go on, as an earlier answer said; whether it is one of ours is for [`Series::begins`] to say.
    pub cursor: Option<String>,
}

/// How long a cursor can be, in characters: at least its key's version, its nonce and its tag.
pub(crate) const CURSOR: RangeInclusive<usize> = 43..=2_048;

/// How many results a page may have.
pub(crate) const LIMIT: RangeInclusive<u64> = 1..=100;
/// How many it has where nothing is said.
pub(crate) const USUAL: u64 = 50;

impl Page {
    /// Takes the page out of a query that has other parameters too.
    pub fn take(fields: &mut Fields) -> Option<Self> {
        let limit = fields.whole_or("limit", LIMIT, USUAL);
        let cursor = fields.optional("cursor", |text| {
            let sealed = CURSOR.contains(&text.len()) && URL_SAFE_NO_PAD.decode(text).is_ok();
            sealed
                .then(|| text.to_owned())
                .ok_or_else(|| InvalidValue::new("invalid_cursor", BAD_CURSOR))
        });
        Some(Self {
            limit: u32::try_from(limit?).ok()?,
            cursor,
        })
    }
}

const BAD_CURSOR: &str = "Expected the next of an earlier answer to the same list.";

impl<S: Sync> FromRequestParts<S> for Page {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let mut fields = Fields::query(&parts.uri);
        let page = Self::take(&mut fields);
        fields.finish(|| page)
    }
}

/// A list that is shown page by page; its cursors open at no other.
#[derive(Clone, Copy)]
pub struct Series<'a> {
    peppers: &'a Peppers,
    scope: [&'a [u8]; 2],
}

impl<'a> Series<'a> {
    /// The list of this name that belongs to `owner`.
    #[must_use]
    pub fn new(peppers: &'a Peppers, name: &'a str, owner: &'a [u8]) -> Self {
        Self {
            peppers,
            scope: [name.as_bytes(), owner],
        }
    }

    /// Where the page begins: behind the place in its cursor, as `read` understands it; at the start without one.
    ///
    /// # Errors
    /// 422 for a cursor that is not one of this list's.
    pub fn begins<T>(
        &self,
        page: &Page,
        read: impl FnOnce(Vec<u8>) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        let Some(cursor) = &page.cursor else {
            return Ok(None);
        };
        Cursor::open(self.peppers, &self.scope, cursor)
            .and_then(read)
            .map(Some)
            .ok_or_else(|| Error::field("/cursor", "invalid_cursor", BAD_CURSOR))
    }

    /// One page: these rows as they are `shown`, and a cursor behind the `place` of the last where there are more.
    pub fn page<R, P: AsRef<[u8]>, T>(
        &self,
        (rows, more): (Vec<R>, bool),
        place: impl FnOnce(&R) -> P,
        shown: impl FnMut(R) -> T,
    ) -> Listing<T> {
        let last = rows.last().filter(|_| more);
        let next =
            last.map(|row| Cursor::seal(self.peppers.current(), &self.scope, place(row).as_ref()));
        Listing {
            results: rows.into_iter().map(shown).collect(),
            next,
        }
    }
}

/// The rows that fit on a page, and whether there are more.
pub fn first<R>(rows: impl IntoIterator<Item = R>, limit: usize) -> (Vec<R>, bool) {
    let mut rows = rows.into_iter();
    let first = rows.by_ref().take(limit).collect();
    (first, rows.next().is_some())
}

/// One page.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema))]
pub struct Listing<T> {
    /// One page of the list.
    pub results: Vec<T>,
    /// The `cursor` of the next page; `null` on the last.
    pub next: Option<String>,
}

impl<T: Serialize> IntoResponse for Listing<T> {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Uri;
    use rstest::rstest;

    #[rstest]
    #[case("/x", Some((50, None)))]
    #[case("/x?limit=1&cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", Some((1, Some("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"))))]
    #[case("/x?cursor=garbage", None)]
    #[case("/x?limit=100&utm=1", Some((100, None)))]
    #[case("/x?limit=0", None)]
    #[case("/x?limit=101", None)]
    #[case("/x?limit=-1", None)]
    #[case("/x?limit=", None)]
    #[case("/x?limit=1e1", None)]
    #[case("/x?cursor=", None)]
    #[case("/x?cursor=a%20b", None)]
    fn limits_and_cursors_are_checked(
        #[case] uri: Uri,
        #[case] expected: Option<(u32, Option<&str>)>,
    ) {
        let mut fields = Fields::query(&uri);
        let page = Page::take(&mut fields);
        let page = fields.finish(|| page).ok();
        assert_eq!(
            page,
            expected.map(|(limit, cursor)| Page {
                limit,
                cursor: cursor.map(str::to_owned)
            })
        );
    }
}
