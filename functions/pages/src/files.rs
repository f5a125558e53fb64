//! The files of the pages, and of the client that they are built on, as they stood when this was compiled.

/// Each file by its path.
macro_rules! files {
    ($folder:literal: $($path:literal)*) => {
        &[$(($path, include_str!(concat!($folder, $path)))),*]
    };
}

type Files = &'static [(&'static str, &'static str)];

const PAGES: Files = files!("../files/":
    "style.css" "signin.css" "account.css" "admin.css"
    "signin.html" "account.html" "admin.html"
    "signin.js"
    "parts/code-form.js" "parts/confirm.js" "parts/dom.js" "parts/session.js" "parts/words.js"
    "account/activity.js" "account/addresses.js" "account/choices.js" "account/crop.js" "account/data.js"
    "account/events.js" "account/frame.js" "account/main.js" "account/person.js" "account/picture.js" "account/profile.js"
    "account/sessions.js" "account/sources.js"
    "admin/active.js" "admin/charts.js" "admin/codes.js" "admin/main.js" "admin/methods.js" "admin/range.js"
    "admin/registrations.js" "admin/scale.js" "admin/sources.js" "admin/users.js"
);

const CLIENT: Files = files!("../../../clients/typescript/dist/": "latchkey.js" "element.js");

/// A file with its media type.
#[expect(
    clippy::case_sensitive_file_extension_comparisons,
    reason = "the files are ours"
)]
#[must_use]
pub fn find(path: &str) -> Option<(&'static str, &'static str)> {
    let (_, text) = PAGES.iter().chain(CLIENT).find(|(name, _)| *name == path)?;
    let kind = if path.ends_with(".css") {
        "text/css; charset=utf-8"
    } else if path.ends_with(".html") {
        "text/html; charset=utf-8"
    } else {
        "text/javascript; charset=utf-8"
    };
    Some((kind, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module and what it imports, as paths.
    fn imports(path: &str, text: &str) -> Vec<String> {
        let base = url::Url::parse("http://localhost/").unwrap();
        let here = base.join(path).unwrap();
        text.lines()
            .filter(|line| line.starts_with("import ") || line.starts_with("} from "))
            .filter_map(|line| line.split('"').nth(1))
            .map(|target| here.join(target).unwrap().path()[1..].to_owned())
            .collect()
    }

    #[test]
    #[expect(
        clippy::case_sensitive_file_extension_comparisons,
        reason = "the files are ours"
    )]
    fn every_module_finds_what_it_imports() {
        let mut seen = 0;
        for (path, text) in PAGES.iter().filter(|(path, _)| path.ends_with(".js")) {
            for target in imports(path, text) {
                assert!(
                    find(&target).is_some(),
                    "{path} imports {target}, which is not in the list"
                );
                seen += 1;
            }
        }
        assert!(seen > 50, "{seen} imports");
    }

    #[test]
    fn media_types_are_those_that_browsers_ask_for() {
        assert_eq!(find("style.css").unwrap().0, "text/css; charset=utf-8");
        assert_eq!(
            find("latchkey.js").unwrap().0,
            "text/javascript; charset=utf-8"
        );
        assert!(find("../pages/style.css").is_none());
    }
}
