//! The `PUBLIC_URL` that a data folder was last used with.
//!
//! It is the issuer of access tokens. When the same data is started under another one, the notice says why those tokens
//! end.

use std::io::{ErrorKind, Result};
use std::path::Path;

const FILE: &str = "public-url";

/// Remembers `public_url` in the folder; a sentence if its data were used under another one before.
///
/// # Errors
/// When the folder cannot be read or written.
pub(crate) fn remember(folder: &Path, has_data: bool, public_url: &str) -> Result<Option<String>> {
    let path = folder.join(FILE);
    let former = match std::fs::read_to_string(&path) {
        Ok(text) => Some(text.trim().to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if former.as_deref() == Some(public_url) {
        return Ok(None);
    }
    std::fs::write(&path, format!("{public_url}\n"))?;
    Ok(match former {
        Some(former) => Some(format!(
            "PUBLIC_URL was {former} and is {public_url} now. The data in {} stay; access tokens that were issued before \
             are no longer accepted.",
            folder.display()
        )),
        None if has_data => Some(format!(
            "PUBLIC_URL is {public_url} now; an earlier version used http://127.0.0.1:PORT unless it was set. The data in \
             {} stay; access tokens that were issued under another URL are no longer accepted.",
            folder.display()
        )),
        None => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_url_is_said_once() {
        let folder = std::env::temp_dir().join(format!("latchkey-former-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let said = |has_data, url| remember(&folder, has_data, url).unwrap();
        assert_eq!(said(false, "http://localhost:3000"), None);
        assert_eq!(said(true, "http://localhost:3000"), None);
        let sentence = said(true, "http://localhost:3001").unwrap();
        assert!(
            sentence.starts_with(
                "PUBLIC_URL was http://localhost:3000 and is http://localhost:3001 now."
            )
        );
        assert_eq!(said(true, "http://localhost:3001"), None);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn data_of_a_version_that_remembered_none_are_told_of_its_default() {
        let folder = std::env::temp_dir().join(format!("latchkey-older-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let sentence = remember(&folder, true, "http://localhost:3000")
            .unwrap()
            .unwrap();
        assert!(sentence.contains("http://127.0.0.1:PORT"), "{sentence}");
        assert_eq!(
            remember(&folder, true, "http://localhost:3000").unwrap(),
            None
        );
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
