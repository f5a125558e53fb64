//! The keys of a deployment: made where the secret has none, and never touched again.

use serde_json::{Map, Value, json};
use shared::clock::SharedClock;
use shared::keyring::fresh;

use crate::secret::{Put, Secrets};

/// How often the secret is read again after somebody else wrote into it.
const TRIES: u32 = 5;

/// Sees to it that the secret has signing keys and peppers, and keeps all else that is in it.
///
/// # Errors
/// A sentence: why the secret can be neither read nor written, or what is wrong with what it holds.
pub(crate) async fn ensure(
    secrets: &Secrets,
    secret: &str,
    clock: &SharedClock,
) -> Result<Map<String, Value>, String> {
    for _ in 0..TRIES {
        let current = secrets.current(secret).await?;
        let version = current.as_ref().map(|current| current.version.as_str());
        let mut document = match &current {
            Some(current) => current.document()?,
            None => Map::new(),
        };
        let added = complete(&mut document, clock)?;
        if added.is_empty() {
            return Ok(Map::new());
        }
        if secrets.put(secret, &document, version).await? == Put::Done {
            tracing::info!(?added, "keys were made");
            return Ok(Map::new());
        }
    }
    Err(format!(
        "The secret was changed by somebody else {TRIES} times while keys were put into it. Deploy again."
    ))
}

/// Adds what is missing, and says what that was.
fn complete(
    document: &mut Map<String, Value>,
    clock: &SharedClock,
) -> Result<Vec<&'static str>, String> {
    let mut added = Vec::new();
    if !document.contains_key("SIGNING_KEYS") {
        let now = clock.now();
        let key = |state| {
            fresh::signing_key(fresh::Algorithm::Rs256, state, now)
                .ok_or("A signing key cannot be made: the system gives no randomness.")
        };
        document.insert(
            "SIGNING_KEYS".to_owned(),
            json!([key("current")?, key("next")?]),
        );
        added.push("SIGNING_KEYS");
    }
    if !document.contains_key("PEPPERS") {
        let pepper = json!({"version": 1, "secret": fresh::pepper()});
        document.insert("PEPPERS".to_owned(), json!([pepper]));
        added.push("PEPPERS");
    }
    Ok(added)
}
