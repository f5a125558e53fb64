//! How an operator names a person: by id or by address.

use shared::domain::id::UserId;
use shared::domain::identifier::Identifier;
use shared::domain::user::User;

use crate::connect::App;
use crate::failure::Failure;

/// The person behind an id (`usr_…`), a mail address or a number.
///
/// # Errors
/// What was found in place of one of these, or that nobody is known by it.
pub(crate) async fn person(app: &App, name: &str) -> Result<User, Failure> {
    let id = match UserId::parse(name) {
        Some(id) => Some(id),
        None => app.store.owner(&identifier(name)?).await?,
    };
    let unknown = || Failure::NotFound(format!("nobody is known by {name}"));
    app.store
        .user(id.ok_or_else(unknown)?)
        .await?
        .ok_or_else(unknown)
}

/// An address as the operator wrote it.
///
/// # Errors
/// What is expected in its place.
pub(crate) fn identifier(text: &str) -> Result<Identifier, Failure> {
    Identifier::parse(text).map_err(|fault| {
        Failure::Usage(format!(
            "{text:?} names nobody: it is no id (usr_ and 32 hex digits) and no address. {}",
            fault.detail
        ))
    })
}
