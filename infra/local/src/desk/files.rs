//! The files of the pages, and of the client that they are built on, as they stood when this was compiled.

/// Each file by its path below `/_local/pages/`.
macro_rules! files {
    ($folder:literal: $($path:literal)*) => {
        &[$(($path, include_str!(concat!($folder, $path)))),*]
    };
}

type Files = &'static [(&'static str, &'static str)];

const PAGES: Files = files!("../../pages/":
    "style.css" "signin.css" "account.css" "admin.css" "outbox.css" "docs.css"
    "signin.js" "outbox.js" "docs.js"
    "parts/code-form.js" "parts/confirm.js" "parts/dom.js" "parts/session.js" "parts/words.js"
    "account/activity.js" "account/addresses.js" "account/choices.js" "account/crop.js" "account/data.js"
    "account/events.js" "account/frame.js" "account/main.js" "account/person.js" "account/picture.js" "account/profile.js"
    "account/sessions.js" "account/sources.js"
    "admin/active.js" "admin/charts.js" "admin/codes.js" "admin/main.js" "admin/methods.js" "admin/range.js"
    "admin/registrations.js" "admin/scale.js" "admin/sources.js" "admin/users.js"
    "outbox/message.js"
);

const CLIENT: Files = files!("../../../../clients/typescript/dist/": "latchkey.js" "element.js");

/// A file with its media type.
pub(super) fn find(path: &str) -> Option<(&'static str, &'static str)> {
    let (_, text) = PAGES.iter().chain(CLIENT).find(|(name, _)| *name == path)?;
    let kind = if path.ends_with(".css") {
        "text/css; charset=utf-8"
    } else {
        "text/javascript; charset=utf-8"
    };
    Some((kind, text))
}
