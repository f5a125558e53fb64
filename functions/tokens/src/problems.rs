//! The problems' pages, and an answer to paths that no other function takes.

use axum::Router;
use axum::extract::{Path, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use shared::Error;
use shared::http::Arrival;
use shared::http::problem::{Explanation, explanations};

/// `/problems` and `/problems/{code}`, and the fallback that answers a path of ours in its wrong form with 308 and the
/// right one.
///
/// API Gateway sends requests that match no route to one function, which merges this into its router.
pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/problems", get(index))
        .route("/problems/{code}", get(page))
        .fallback(elsewhere)
}

/// Lists all problems.
async fn index(headers: HeaderMap) -> Response {
    let lines = explanations().iter();
    if wants_html(&headers) {
        let items: String = lines
            .map(|p| {
                format!(
                    "<li><a href=\"/problems/{0}\"><code>{0}</code></a> {1}</li>\n",
                    p.code,
                    escaped(p.title)
                )
            })
            .collect();
        html(
            "What can go wrong",
            &format!("<h1>What can go wrong</h1>\n<ul>\n{items}</ul>"),
        )
    } else {
        plain(
            lines
                .map(|p| format!("{} {} {}\n", p.status.as_u16(), p.code, p.title))
                .collect(),
        )
    }
}

/// Explains a problem.
async fn page(Path(code): Path<String>, headers: HeaderMap) -> Result<Response, Error> {
    let problem = explanations()
        .iter()
        .find(|problem| problem.code == code)
        .ok_or(Error::NotFound)?;
    Ok(if wants_html(&headers) {
        html(problem.title, &main(problem))
    } else {
        plain(text(problem))
    })
}

/// A browser asks for HTML; everything else gets plain text.
fn wants_html(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .is_some_and(|accept| accept.as_bytes().windows(9).any(|w| w == b"text/html"))
}

fn plain(text: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, KEPT),
        (header::VARY, "Accept"),
    ];
    (headers, text).into_response()
}

fn html(title: &str, main: &str) -> Response {
    let body = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n\
         <style>:root {{ color-scheme: light dark }} body {{ font: 1.05rem/1.6 system-ui, sans-serif; max-width: 38rem; \
         margin: 12vh auto; padding: 0 1.25rem }}</style>\n<main>\n{main}\n</main>\n</html>\n",
        escaped(title)
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ),
        (header::CACHE_CONTROL, KEPT),
        (header::VARY, "Accept"),
    ];
    (headers, body).into_response()
}

/// The pages change with the software only.
const KEPT: &str = "public, max-age=3600";

fn main(problem: &Explanation) -> String {
    format!(
        "<h1>{}</h1>\n<p><code>{}</code>, HTTP status {}</p>\n<p>{}</p>",
        escaped(problem.title),
        problem.code,
        problem.status.as_u16(),
        escaped(problem.explanation)
    )
}

fn escaped(words: &str) -> String {
    words
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
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

/// docs/PROBLEMS.md.
#[cfg(test)]
fn problems_document() -> String {
    use std::fmt::Write as _;

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

/// Paths at which the other functions begin; the one that merges this serves its own.
///
/// An HTTP API matches `/x` and `/x/{proxy+}` as two routes and may take `/x/` for neither, so it comes here.
const BEGINNINGS: &[&str] = &[
    "/api/auth/otp/request",
    "/api/auth/otp/verify",
    "/api/profile",
    "/account",
    "/admin",
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
        .filter(|bare| BEGINNINGS.contains(bare))
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

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use rstest::rstest;
    use tower::ServiceExt as _;

    use super::*;

    async fn get(target: &str, accept: &str) -> (StatusCode, HeaderMap, String) {
        let request = Request::get(target)
            .header(header::ACCEPT, accept)
            .extension(Arrival {
                target: target.to_owned(),
                ..Arrival::default()
            })
            .body(Body::empty())
            .unwrap();
        let (parts, body) = router::<()>().oneshot(request).await.unwrap().into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        (parts.status, parts.headers, text)
    }

    #[tokio::test]
    async fn every_problem_has_its_page() {
        for problem in explanations() {
            let page = format!("/problems/{}", problem.code);
            let (_, headers, text) = get(&page, "*/*").await;
            assert_eq!(headers[header::CONTENT_TYPE], "text/plain; charset=utf-8");
            assert!(text.contains(problem.explanation));
            let (_, headers, _) = get(&page, "text/html,*/*;q=0.8").await;
            assert_eq!(headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
            assert_eq!(headers[header::VARY], "Accept");
        }
        let (_, _, index) = get("/problems", "*/*").await;
        assert_eq!(index.lines().count(), explanations().len());
        let (status, _, _) = get("/problems/nothing", "*/*").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }

    #[rstest]
    #[case("/api/profile/", "/api/profile")]
    #[case("/api/profile/?limit=5", "/api/profile?limit=5")]
    #[case("/api/auth/otp/request/", "/api/auth/otp/request")]
    #[case("/account/?a=b", "/account?a=b")]
    #[tokio::test]
    async fn a_path_of_another_function_is_sent_there(
        #[case] target: &str,
        #[case] location: &str,
    ) {
        let (status, headers, _) = get(target, "*/*").await;
        assert_eq!(status, StatusCode::PERMANENT_REDIRECT);
        assert_eq!(headers[header::LOCATION], location);
    }

    #[rstest]
    #[case("/api/profile")]
    #[case("/api/profiles/")]
    #[case("/api/profile//")]
    #[case("/api/Profile/")]
    #[tokio::test]
    async fn another_path_is_not_found(#[case] target: &str) {
        let (status, headers, _) = get(target, "*/*").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(!headers.contains_key(header::LOCATION));
    }

    #[test]
    fn the_document_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/PROBLEMS.md");
        let rendered = problems_document();
        if std::fs::read_to_string(path).ok().as_deref() != Some(&rendered) {
            std::fs::write(path, rendered).unwrap();
            panic!("docs/PROBLEMS.md was out of date; it is written anew, commit it");
        }
    }
}
