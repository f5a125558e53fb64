//! Files under names that say their content, so that a browser may keep each for good.
//!
//! A module imports others by such names too, so its own name changes with theirs: a browser that has one file has the whole tree
//! below it in the same version.

use std::collections::BTreeMap;
use std::ops::Range;

use aws_lc_rs::digest::{SHA256, digest};
use url::Url;

/// What the paths of all files begin with.
const PREFIX: &str = "/assets/";
/// How many hexadecimal digits of a file's SHA-256 are in its name.
const DIGITS: usize = 16;

/// A file as it is sent.
#[derive(Debug)]
pub(crate) struct Asset {
    /// The media type.
    pub(crate) kind: &'static str,
    pub(crate) text: String,
    /// The first digits of the SHA-256 of the text.
    hash: String,
    /// The modules that it imports, by their paths.
    imports: Vec<String>,
}

/// A file before that: its path, its media type and its text.
pub(crate) type Source = (&'static str, &'static str, String);

/// All files, by their paths without the hash.
#[derive(Debug, Default)]
pub(crate) struct Assets(BTreeMap<String, Asset>);

impl Assets {
    /// Names the files, and has them import each other by those names.
    ///
    /// # Errors
    /// A sentence: a module imports what is not among the files, or itself by way of others.
    pub(crate) fn new(sources: &[Source]) -> Result<Self, String> {
        let mut assets = Self::default();
        for (path, ..) in sources {
            assets.settle(path, sources, &mut Vec::new())?;
        }
        Ok(assets)
    }

    /// Takes a file in after those that it imports.
    fn settle(
        &mut self,
        path: &str,
        sources: &[Source],
        above: &mut Vec<String>,
    ) -> Result<(), String> {
        if self.0.contains_key(path) {
            return Ok(());
        }
        if above.iter().any(|one| one == path) {
            return Err(format!(
                "{path} imports itself by way of {}",
                above.join(", ")
            ));
        }
        let (_, kind, text) = sources
            .iter()
            .find(|(name, ..)| *name == path)
            .ok_or_else(|| {
                format!(
                    "{} imports {path}, which is no file of the pages",
                    above.join(", ")
                )
            })?;
        above.push(path.to_owned());
        let imports = imports(path, text);
        for import in &imports {
            self.settle(import, sources, above)?;
        }
        above.pop();
        let text = rewritten(path, text, |import| self.url(import).unwrap_or_default());
        let hash = hex::encode(digest(&SHA256, text.as_bytes()))[..DIGITS].to_owned();
        let asset = Asset {
            kind,
            text,
            hash,
            imports,
        };
        self.0.insert(path.to_owned(), asset);
        Ok(())
    }

    /// Where a file is: `/assets/parts/dom.0123456789abcdef.js` for `parts/dom.js`.
    pub(crate) fn url(&self, path: &str) -> Option<String> {
        let asset = self.0.get(path)?;
        let (stem, extension) = path.rsplit_once('.')?;
        Some(format!("{PREFIX}{stem}.{}.{extension}", asset.hash))
    }

    /// Where everything is that a module imports, directly or by way of others.
    pub(crate) fn imported(&self, path: &str) -> Vec<String> {
        let mut found: Vec<&str> = Vec::new();
        let mut waiting = vec![path];
        while let Some(next) = waiting.pop() {
            for import in self.0.get(next).map_or(&[][..], |asset| &asset.imports) {
                if !found.contains(&import.as_str()) {
                    found.push(import);
                    waiting.push(import);
                }
            }
        }
        found.iter().filter_map(|path| self.url(path)).collect()
    }

    /// The file of a name behind the prefix, and whether the name is its present one: a page of an earlier version asks for
    /// the file by an earlier hash. `None` for a name that no version has.
    pub(crate) fn find(&self, name: &str) -> Option<(&Asset, bool)> {
        let (rest, extension) = name.rsplit_once('.')?;
        let (stem, hash) = rest.rsplit_once('.')?;
        let digit = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        if hash.len() != DIGITS || !hash.bytes().all(digit) {
            return None;
        }
        let asset = self.0.get(&format!("{stem}.{extension}"))?;
        Some((asset, asset.hash == hash))
    }
}

/// Where a module names others: each place of a path, without its quotes. Read by hand, since this is most of a start.
fn named(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.match_indices("\".").filter_map(|(quote, _)| {
        let (before, path) = (text[..quote].trim_end(), &text[quote + 1..]);
        let before = before.strip_suffix('(').unwrap_or(before).trim_end();
        let is_import = ["from", "import"].iter().any(|word| {
            let rest = before.strip_suffix(word);
            rest.is_some_and(|rest| !rest.ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        });
        let is_beside = path.starts_with("./") || path.starts_with("../");
        let length = path.find('"')?;
        (is_import && is_beside).then(|| quote + 1..quote + 1 + length)
    })
}

/// What a module imports, as paths of files; nothing for what is no module.
fn imports(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for place in named(text).filter(|_| is_module(path)) {
        let import = resolved(path, &text[place]);
        if !found.contains(&import) {
            found.push(import);
        }
    }
    found
}

fn rewritten(path: &str, text: &str, url: impl Fn(&str) -> String) -> String {
    let (mut rewritten, mut done) = (String::with_capacity(text.len() + 256), 0);
    for place in named(text).filter(|_| is_module(path)) {
        rewritten += &text[done..place.start];
        rewritten += &url(&resolved(path, &text[place.clone()]));
        done = place.end;
    }
    rewritten + &text[done..]
}

fn is_module(path: &str) -> bool {
    path.rsplit_once('.')
        .is_some_and(|(_, extension)| extension == "js")
}

/// A path beside another one, as a browser resolves it.
fn resolved(path: &str, import: &str) -> String {
    let base = Url::parse("http://localhost/").and_then(|root| root.join(path));
    base.and_then(|base| base.join(import))
        .map(|url| url.path().trim_start_matches('/').to_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files;

    const KIND: &str = "text/javascript; charset=utf-8";

    /// A page's script that imports a module that imports another, and a style.
    fn version(leaf: &str) -> Assets {
        let sources = [
            (
                "page/main.js",
                KIND,
                "import { b } from \"../parts/b.js\";\nb();".to_owned(),
            ),
            (
                "parts/b.js",
                KIND,
                "import{c}from\"./c.js\";export const b=()=>import(\"./c.js\");".to_owned(),
            ),
            ("parts/c.js", KIND, leaf.to_owned()),
            ("parts/d.js", KIND, "export const d = 1;".to_owned()),
            (
                "style.css",
                "text/css",
                "a::after { content: 'from \"./c.js\"' }".to_owned(),
            ),
        ];
        Assets::new(&sources).unwrap()
    }

    fn name(assets: &Assets, path: &str) -> String {
        assets.url(path).unwrap().replace(PREFIX, "")
    }

    #[test]
    fn asset_is_named_by_its_content_and_by_what_it_imports() {
        let (old, new) = (
            version("export const c = 1;"),
            version("export const c = 2;"),
        );
        for path in ["page/main.js", "parts/b.js", "parts/c.js"] {
            assert_ne!(old.url(path), new.url(path), "{path}");
        }
        for path in ["parts/d.js", "style.css"] {
            assert_eq!(old.url(path), new.url(path), "{path}");
        }
    }

    #[test]
    fn asset_of_an_earlier_name_is_the_present_one() {
        let (old, new) = (
            version("export const c = 1;"),
            version("export const c = 2;"),
        );
        for path in ["page/main.js", "parts/b.js", "parts/c.js"] {
            let (found, is_current) = new.find(&name(&old, path)).unwrap();
            assert!(!is_current, "{path}");
            let (present, is_current) = new.find(&name(&new, path)).unwrap();
            assert!(is_current, "{path}");
            assert_eq!(found.text, present.text, "{path}");
        }
        assert!(new.find(&name(&old, "style.css")).unwrap().1);
    }

    #[test]
    fn asset_imports_others_by_their_names() {
        let assets = version("export const c = 1;");
        let text = |path: &str| assets.0[path].text.clone();
        let (b, c) = (
            assets.url("parts/b.js").unwrap(),
            assets.url("parts/c.js").unwrap(),
        );
        assert_eq!(
            text("page/main.js"),
            format!("import {{ b }} from \"{b}\";\nb();")
        );
        assert_eq!(
            text("parts/b.js"),
            format!("import{{c}}from\"{c}\";export const b=()=>import(\"{c}\");")
        );
        assert!(text("style.css").contains("./c.js"));
        assert_eq!(assets.imported("page/main.js"), [b, c]);
    }

    #[test]
    fn asset_of_a_name_that_never_was_is_none() {
        let assets = version("");
        let present = name(&assets, "parts/c.js");
        assert!(assets.find(&present).is_some());
        for other in [
            "parts/c.js",
            "parts/c.0123456789abcde.js",
            "parts/c.0123456789abcdef0.js",
            "parts/c.0123456789ABCDEF.js",
            "parts/e.0123456789abcdef.js",
            "parts/c.0123456789abcdef.css",
            "../parts/c.0123456789abcdef.js",
            "parts//c.0123456789abcdef.js",
            "c.0123456789abcdef.js",
            "0123456789abcdef.js",
            ".js",
            "",
        ] {
            assert!(assets.find(other).is_none(), "{other}");
        }
    }

    #[test]
    fn asset_that_imports_nothing_that_is_there_is_refused() {
        let source = |path, text: &str| (path, KIND, text.to_owned());
        let gone = Assets::new(&[source("a.js", "import \"./gone.js\";")]);
        assert_eq!(
            gone.unwrap_err(),
            "a.js imports gone.js, which is no file of the pages"
        );
        let circle = [
            source("a.js", "import \"./b.js\";"),
            source("b.js", "import \"./a.js\";"),
        ];
        assert_eq!(
            Assets::new(&circle).unwrap_err(),
            "a.js imports itself by way of a.js, b.js"
        );
    }

    #[test]
    fn assets_of_the_pages_find_what_they_import() {
        let assets = Assets::new(&files::all(None)).unwrap();
        let imports: usize = assets.0.values().map(|asset| asset.imports.len()).sum();
        assert!(imports > 50, "{imports}");
        assert!(assets.imported("account/main.js").len() > 10);
    }
}
