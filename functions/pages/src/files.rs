//! The files of the pages, and of the client that they are built on, as they stood when this was compiled.

use crate::assets::Source;
use crate::theme;

/// Each file by its path.
macro_rules! files {
    ($folder:literal: $($path:literal)*) => {
        &[$(($path, include_str!(concat!($folder, $path)))),*]
    };
}

type Files = &'static [(&'static str, &'static str)];

const PAGES: Files = files!("../files/":
    "style.css" "signin.css" "account.css" "admin.css"
    "head.html" "links.html" "signin.html" "account.html" "admin.html"
    "signin.js"
    "parts/code-form.js" "parts/confirm.js" "parts/dom.js" "parts/return-to.js" "parts/session.js" "parts/words.js"
    "account/activity.js" "account/addresses.js" "account/choices.js" "account/crop.js" "account/data.js"
    "account/events.js" "account/frame.js" "account/main.js" "account/person.js" "account/picture.js" "account/profile.js"
    "account/sessions.js" "account/sources.js"
    "admin/active.js" "admin/charts.js" "admin/codes.js" "admin/main.js" "admin/methods.js" "admin/range.js"
    "admin/registrations.js" "admin/scale.js" "admin/sources.js" "admin/users.js"
);

const CLIENT: Files = files!("../../../clients/typescript/dist/": "latchkey.js" "element.js");

/// A file with its media type.
#[must_use]
pub fn find(path: &str) -> Option<(&'static str, &'static str)> {
    let (_, text) = PAGES.iter().chain(CLIENT).find(|(name, _)| *name == path)?;
    Some((kind(path), text))
}

/// Everything that a page loads, in the operator's colour.
pub(crate) fn all(accent: Option<[u8; 3]>) -> Vec<Source> {
    let loaded = PAGES.iter().chain(CLIENT);
    loaded
        .filter(|(path, _)| kind(path) != HTML)
        .map(|(path, text)| {
            let rules = accent.filter(|_| *path == "style.css").map(theme::rules);
            let text = format!("{text}{}", rules.unwrap_or_default());
            (*path, kind(path), text)
        })
        .collect()
}

const HTML: &str = "text/html; charset=utf-8";

fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "html")) => HTML,
        _ => "text/javascript; charset=utf-8",
    }
}
