//! Who may see the numbers, and which page of them.

use axum::http::HeaderMap;
use shared::Result;
use shared::http::{Listing, Page, Series, first};
use shared::keyring::Peppers;

use crate::App;

const ROLE: &str = "admin";

impl App {
    /// What `work` finds, for an admin: anyone else gets 403 and nothing of it.
    ///
    /// A token that names the role is checked against the account in parallel with the work, so that it is one step.
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
        let keyring = self.keyring.snapshot();
        series(&keyring.peppers, list).page(
            first(rows, page.limit as usize),
            |(place, _)| place.clone(),
            |(_, row)| row,
        )
    }
}

fn series<'a>(peppers: &'a Peppers, list: &'a str) -> Series<'a> {
    Series::new(peppers, "analytics", list.as_bytes())
}
