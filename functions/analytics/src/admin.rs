//! Who may see the numbers, and which page of them.

use axum::http::HeaderMap;
use shared::Result;
use shared::http::{Listing, Page, Series};
use shared::keyring::Peppers;

use crate::App;

const ROLE: &str = "admin";

impl App {
    /// What `work` finds, for an admin: someone else gets nothing of it, and hears first that they are none.
    ///
    /// Who says in the token that they are an admin is looked up beside the work, so that it is one step.
    pub(crate) async fn for_admins<T>(
        &self,
        headers: &HeaderMap,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let claims = self.auth.claims(headers).await?;
        if claims.roles.iter().any(|role| role == ROLE) {
            let (caller, found) = futures_util::join!(self.auth.confirm(claims), work);
            caller?.holds(ROLE)?;
            return found;
        }
        self.auth.confirm(claims).await?.holds(ROLE)?;
        work.await
    }

    /// Where this page of a list begins: behind the place in its cursor. `list` names the list and its range.
    pub(crate) fn place(&self, list: &str, page: &Page) -> Result<Option<String>> {
        let keyring = self.keyring.snapshot();
        series(&keyring.peppers, list).begins(page, |place| String::from_utf8(place).ok())
    }

    /// One page of `rows`, each with its place, of which there may be one too many.
    pub(crate) fn page<T>(
        &self,
        list: &str,
        page: &Page,
        rows: impl IntoIterator<Item = (String, T)>,
    ) -> Listing<T> {
        let mut rows = rows.into_iter();
        let limit = page.limit as usize;
        let shown: Vec<_> = rows.by_ref().take(limit).collect();
        let more = rows.next().is_some();
        let last = shown
            .last()
            .map(|(place, _)| place.clone())
            .filter(|_| more);
        let keyring = self.keyring.snapshot();
        let next = last.map(|place| series(&keyring.peppers, list).behind(place.as_bytes()));
        let results = shown.into_iter().map(|(_, row)| row).collect();
        Listing { results, next }
    }
}

fn series<'a>(peppers: &'a Peppers, list: &'a str) -> Series<'a> {
    Series::new(peppers, "analytics", list.as_bytes())
}
