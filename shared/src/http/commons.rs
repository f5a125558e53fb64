//! What one function serves for all: the problems' pages, and an answer to paths that nobody else takes.

use std::fmt::Write as _;

use axum::Router;
use axum::extract::{Path, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::arrival::Arrival;
use super::paths;
use super::problem::{Explanation, explanations};
use crate::Error;

/// `/problems/{code}`, and the fallback that answers a path of ours in its wrong form with 308 and the right one.
///
/// API Gateway sends what none of its routes takes to one function, which merges this into its router.
pub fn commons<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/problems/{code}", get(page))
        .fallback(elsewhere)
}

/// Explains a problem: to a browser as a page, to everything else as plain text.
async fn page(Path(code): Path<String>, headers: HeaderMap) -> Result<Response, Error> {
    let problem = explanations()
        .iter()
        .find(|problem| problem.code == code)
        .ok_or(Error::NotFound)?;
    let browser = headers
        .get(header::ACCEPT)
        .is_some_and(|accept| accept.as_bytes().windows(9).any(|w| w == b"text/html"));
    let (kind, body, policy) = if browser {
        (
            "text/html; charset=utf-8",
            html(problem),
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        )
    } else {
        (
            "text/plain; charset=utf-8",
            text(problem),
            "default-src 'none'; frame-ancestors 'none'",
        )
    };
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "public, max-age=3600"),
        (header::VARY, "Accept"),
    ];
    Ok((headers, body).into_response())
}

fn text(problem: &Explanation) -> String {
    format!(
        "{}\n{} {}\n\n{}\n",
        problem.title,
        problem.status.as_u16(),
        problem.code,
        problem.explanation
    )
}

fn html(problem: &Explanation) -> String {
    let [title, explanation] = [problem.title, problem.explanation].map(|words| {
        words
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
    });
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>:root {{ color-scheme: light dark }} body {{ font: 1.05rem/1.6 system-ui, sans-serif; max-width: 38rem; \
         margin: 12vh auto; padding: 0 1.25rem }} code {{ opacity: .7 }}</style>\n\
         <main>\n<h1>{title}</h1>\n<p><code>{} {}</code></p>\n<p>{explanation}</p>\n</main>\n</html>\n",
        problem.status.as_u16(),
        problem.code
    )
}

/// docs/PROBLEMS.md.
#[must_use]
pub fn problems_document() -> String {
    let mut document = "# What can go wrong\n\n\
        <!-- Rendered from shared/src/http/problem.rs by a test; edit there. -->\n\n\
        Every error is an `application/problem+json` document (RFC 9457). Its `type` is `<PUBLIC_URL>/problems/<code>`, \
        where the service itself explains it as below; `instance` is the request's id, which is in the header \
        `X-Request-Id` and in the log too. Programs should look at `code` alone.\n"
        .to_owned();
    for problem in explanations() {
        let _ = write!(
            document,
            "\n## `{}`\n\n{} · {}\n\n{}\n",
            problem.code,
            problem.status.as_u16(),
            problem.title,
            problem.explanation
        );
    }
    document
}

/// Where each path of the service begins; `tokens`, which merges this, serves its own.
///
/// An HTTP API matches `/x` and `/x/` as two routes and cannot deploy the second, so a first call to `/x/` may end up
/// here.
const ELSEWHERE: &[&str] = &[
    "/api/auth/otp/request",
    "/api/auth/otp/verify",
    "/api/auth/otp/deliveries",
    "/api/profile",
    "/api/webhooks",
    "/api/analytics",
];

async fn elsewhere(request: Request) -> Result<Response, Error> {
    let target = request
        .extensions()
        .get::<Arrival>()
        .map(|arrival| arrival.target.as_str())
        .unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default();
    // Only the form with a slash is sent on, so two forms can never point at each other.
    let bare = path
        .strip_suffix('/')
        .filter(|bare| paths::is_plain(path) && ELSEWHERE.iter().any(|known| is_under(bare, known)))
        .ok_or(Error::NotFound)?;
    let location = match request.uri().query() {
        Some(query) => format!("{bare}?{query}"),
        None => bare.to_owned(),
    };
    let location = HeaderValue::try_from(location).map_err(|_| Error::NotFound)?;
    Ok((
        StatusCode::PERMANENT_REDIRECT,
        [(header::LOCATION, location)],
    )
        .into_response())
}

fn is_under(path: &str, known: &str) -> bool {
    path.strip_prefix(known)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/PROBLEMS.md");
        let rendered = problems_document();
        if std::fs::read_to_string(path).ok().as_deref() != Some(&rendered) {
            std::fs::write(path, rendered).unwrap();
            panic!("docs/PROBLEMS.md was out of date; it is written anew, commit it");
        }
    }

    #[test]
    fn a_page_says_it_all() {
        let problem = &explanations()[0];
        for page in [html(problem), text(problem)] {
            assert!(page.contains(problem.title) && page.contains(problem.code));
            assert!(page.contains(problem.explanation));
        }
    }
}
