//! The pages as HTML: the files of their version, the operator's brand, the person's language.

use axum::http::HeaderMap;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use shared::clock::SharedClock;
use shared::config::{Pages, Public};
use shared::messaging::Language;
use url::Url;

use crate::assets::Assets;
use crate::return_to::Origins;
use crate::words::Words;
use crate::{files, language};

/// One of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    SignIn,
    Account,
    Admin,
}

impl Page {
    #[cfg(test)]
    const ALL: [Self; 3] = [Self::SignIn, Self::Account, Self::Admin];

    /// The language of the page for somebody who asks so.
    pub(crate) fn language(self, headers: &HeaderMap) -> Language {
        if self.is_translated() {
            language::asked_for(headers)
        } else {
            Language::English
        }
    }

    /// Whether there is more than the English page.
    pub(crate) fn is_translated(self) -> bool {
        self == Self::SignIn
    }

    fn template(self) -> &'static str {
        match self {
            Self::SignIn => "signin.html",
            Self::Account => "account.html",
            Self::Admin => "admin.html",
        }
    }

    fn styles(self) -> [&'static str; 2] {
        match self {
            Self::SignIn => ["style.css", "signin.css"],
            Self::Account => ["style.css", "account.css"],
            Self::Admin => ["style.css", "admin.css"],
        }
    }

    fn script(self) -> &'static str {
        match self {
            Self::SignIn => "signin.js",
            Self::Account => "account/main.js",
            Self::Admin => "admin/main.js",
        }
    }
}

/// Fills the pages in.
pub(crate) struct Renderer {
    environment: Environment<'static>,
    service: String,
    looks: Pages,
    origins: Origins,
    /// The ways of a code, for the sign-in element.
    channels: &'static str,
    /// Whether this is the local cloud, which has an outbox to point to.
    is_local: bool,
    clock: SharedClock,
}

impl Renderer {
    pub(crate) fn new(
        public: &Public,
        looks: Pages,
        channels: &'static str,
        is_local: bool,
        clock: SharedClock,
    ) -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_loader(|name| Ok(files::find(name).map(|(_, text)| text.to_owned())));
        Self {
            environment,
            service: public.service_name.clone(),
            looks,
            origins: Origins::of(public),
            channels,
            is_local,
            clock,
        }
    }

    /// A page in a language.
    ///
    /// # Errors
    /// A template is wrong, which the tests below rule out.
    pub(crate) fn render(
        &self,
        page: Page,
        language: Language,
        assets: &Assets,
    ) -> Result<String, minijinja::Error> {
        // Names of files need no escaping, which would make entities of their slashes.
        let url = |url: String| Value::from_safe_string(url);
        let asset = |path: &str| assets.url(path).map(url);
        let link = |link: &Option<Url>| link.as_ref().map(Url::to_string);
        let languages = Language::ALL.map(|one| {
            context! { tag => one.tag(), words => Words::of(one).values() }
        });
        self.environment
            .get_template(page.template())?
            .render(context! {
                lang => language.tag(),
                words => Words::of(language).values(),
                languages,
                styles => page.styles().map(asset),
                script => asset(page.script()),
                modules => assets.imported(page.script()).into_iter().map(url).collect::<Vec<_>>(),
                service => &self.service,
                logo => link(&self.looks.logo),
                terms => link(&self.looks.terms),
                privacy => link(&self.looks.privacy),
                help => link(&self.looks.help),
                origins => &self.origins.named,
                loopback => &self.origins.loopback,
                channels => self.channels,
                local => self.is_local,
                today => &self.clock.now().to_string()[..10],
            })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use shared::clock::SystemClock;
    use shared::config::Edge;

    use super::*;

    fn rendered(service: &str, looks: Pages, is_local: bool) -> Vec<(Page, Language, String)> {
        let public = Public {
            url: "https://id.example.com".to_owned(),
            service_name: service.to_owned(),
            service_domain: "example.com".to_owned(),
            cors_origins: Vec::new(),
            has_pages: true,
            edge: Edge::Off,
        };
        let assets = Assets::new(&files::all(None)).unwrap();
        let renderer = Renderer::new(&public, looks, "email", is_local, Arc::new(SystemClock));
        let all = Page::ALL.into_iter().flat_map(|page| {
            Language::ALL.map(|language| {
                let html = renderer.render(page, language, &assets).unwrap();
                (page, language, html)
            })
        });
        all.collect()
    }

    #[test]
    fn page_says_its_language_and_names_its_files() {
        let assets = Assets::new(&files::all(None)).unwrap();
        for (page, language, html) in rendered("Acme", Pages::default(), false) {
            let tag = language.tag();
            assert!(
                html.starts_with(&format!("<!doctype html>\n<html lang=\"{tag}\">")),
                "{html}"
            );
            for path in [page.script(), page.styles()[0], page.styles()[1]] {
                assert!(
                    html.contains(&format!("\"{}\"", assets.url(path).unwrap())),
                    "{path}"
                );
            }
            assert!(html.contains(&format!(
                "{} · Acme</title>",
                if page.is_translated() {
                    Words::of(language).title
                } else {
                    page_title(page)
                }
            )));
        }
    }

    fn page_title(page: Page) -> &'static str {
        if page == Page::Admin {
            "Figures"
        } else {
            "Your account"
        }
    }

    #[test]
    fn page_has_nothing_inline_and_says_what_is_local_there_alone() {
        for is_local in [true, false] {
            for (page, _, html) in rendered("Acme", Pages::default(), is_local) {
                for inline in ["<style", "style=", "onclick", "javascript:", "<script>"] {
                    assert!(!html.contains(inline), "{page:?}: {inline}");
                }
                assert_eq!(html.contains("/_local/"), is_local, "{page:?}");
                assert_eq!(html.contains("/docs/"), is_local, "{page:?}");
            }
        }
    }

    #[test]
    fn page_escapes_what_the_operator_set() {
        let looks = Pages {
            logo: Url::parse("https://example.com/\"onerror='x'&<b>.svg").ok(),
            terms: Url::parse("https://example.com/terms?a=1&b='\"><script>").ok(),
            ..Pages::default()
        };
        for (page, _, html) in rendered("<b>\"{{7*7}}'&", looks, false) {
            assert!(!html.contains("<b>"), "{page:?}: {html}");
            assert!(
                html.contains("&lt;b&gt;&quot;{{7*7}}&#x27;&amp;"),
                "{page:?}: {html}"
            );
            assert!(
                !html.contains("\"onerror") && !html.contains("><script>\""),
                "{page:?}"
            );
        }
    }

    #[test]
    fn page_has_the_links_that_are_set() {
        let url = |path: &str| Url::parse(&format!("https://example.com/{path}")).ok();
        let looks = Pages {
            accent: None,
            logo: url("logo.svg"),
            terms: url("terms"),
            privacy: url("privacy"),
            help: url("help"),
        };
        for (page, _, html) in rendered("Acme", looks, false) {
            for path in ["terms", "privacy", "help"] {
                assert!(
                    html.contains(&format!("example.com&#x2f;{path}\"")),
                    "{page:?} {path}: {html}"
                );
            }
            assert_eq!(html.contains("logo.svg"), page == Page::SignIn);
        }
        for (page, _, html) in rendered("Acme", Pages::default(), false) {
            assert!(!html.contains("class=\"links\""), "{page:?}");
        }
    }
}
