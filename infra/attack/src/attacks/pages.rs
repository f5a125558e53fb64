//! The sign-in page: that the server sends nobody elsewhere, and names nobody else's origin to the page's script, which decides
//! in the browser (tests/pages tries that).

use reqwest::Method;

use super::{Effort, Outcome};
use crate::target::Target;

/// A host that no page of ours names by itself.
const ELSEWHERE: &str = "evil.example";

/// Values of `return_to`, percent-encoded where a request line needs it.
const TRICKS: [&str; 10] = [
    "https://evil.example/",
    "//evil.example",
    "%2f%2fevil.example",
    "%5c%5cevil.example",
    "/%5cevil.example",
    "https:evil.example",
    "https://user@evil.example",
    "https://%65vil.example/",
    "/%09/evil.example",
    "javascript:location='https://evil.example'",
];

pub(super) async fn open_redirect(target: &Target, _: Effort<'_>) -> Result<Outcome, String> {
    let mut wrong = Vec::new();
    let mut tried = 0;
    for trick in TRICKS {
        for path in ["/", "/account/", "/admin/"] {
            for name in ["return_to", "redirect_uri", "next"] {
                let asked = format!("{path}?{name}={trick}");
                let answer = target.send(Method::GET, &asked, None, &[]).await?;
                tried += 1;
                let leads = answer.headers.get("location").is_some()
                    || answer.headers.get("refresh").is_some();
                if leads || !matches!(answer.status, 200 | 404) {
                    wrong.push(format!("{asked} got {}", answer.status));
                }
                if answer.text.contains(ELSEWHERE) {
                    wrong.push(format!("{asked} is in the page"));
                }
            }
        }
        // On its way to the path with a slash nobody may be led past it.
        let asked = format!("/account?return_to={trick}");
        let answer = target.send(Method::GET, &asked, None, &[]).await?;
        tried += 1;
        let to = answer
            .headers
            .get("location")
            .and_then(|to| to.to_str().ok());
        if to.is_some_and(|to| !to.starts_with("/account/")) {
            wrong.push(format!("{asked} leads to {}", to.unwrap_or_default()));
        }
    }
    if wrong.is_empty() {
        Ok(Outcome::Held(format!("{tried} addresses, and no way out")))
    } else {
        Ok(Outcome::Broke(wrong.join("; ")))
    }
}
