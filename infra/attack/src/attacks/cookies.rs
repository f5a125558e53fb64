//! The session cookie: from another site, forged, and planted before a sign-in.

use super::{Effort, Outcome};
use crate::target::{Answer, Browser, Target};

const REFRESH: &str = "/api/auth/token/refresh/";
const REVOKE: &str = "/api/auth/token/revoke/";

/// What another site's page cannot help sending.
const FOREIGN: [&[(&str, &str)]; 7] = [
    &[("origin", "https://evil.example")],
    &[("origin", "null")],
    &[
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "same-origin"),
    ],
    &[("sec-fetch-site", "cross-site")],
    &[
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "same-site"),
    ],
    &[
        ("origin", "https://evil.example,https://evil.example"),
        ("sec-fetch-site", "none"),
    ],
    &[
        ("origin", "https://evil.example"),
        ("x-forwarded-host", "evil.example"),
    ],
];

/// What a request got, in a word or two.
fn got(answer: &Answer) -> String {
    let code = answer.body["code"].as_str().unwrap_or_default();
    let set = answer.headers.get("set-cookie").is_some();
    let set = if set { " with a cookie" } else { "" };
    format!("{} {code}{set}", answer.status)
}

fn outcome(wrong: &[String], held: String) -> Outcome {
    if wrong.is_empty() {
        Outcome::Held(held)
    } else {
        Outcome::Broke(wrong.join("; "))
    }
}

pub(super) async fn forged_origin(target: &Target, _: Effort<'_>) -> Result<Outcome, String> {
    let mut victim = Browser::default();
    victim.signs_in(target, &target.stranger()).await?;
    let mut wrong = Vec::new();
    for path in [REFRESH, REVOKE] {
        for headers in FOREIGN {
            let asking = [headers, &[("x-session-cookie", "1")]].concat();
            let answer = victim.sends(target, path, &asking).await?;
            if got(&answer) != "403 forbidden" {
                wrong.push(format!("{path} {headers:?} got {}", got(&answer)));
            }
            // A form cannot say that it means the cookie.
            let answer = victim.sends(target, path, headers).await?;
            if answer.status < 400 || answer.headers.get("set-cookie").is_some() {
                wrong.push(format!("{path} of a form got {}", got(&answer)));
            }
        }
    }
    let own = victim
        .sends(target, REFRESH, &[("x-session-cookie", "1")])
        .await?;
    if own.status != 200 {
        wrong.push(format!("the session did not survive: {}", got(&own)));
    }
    let tried = 2 * FOREIGN.len();
    Ok(outcome(
        &wrong,
        format!("{tried} refused with the header, {tried} without; the session goes on"),
    ))
}

pub(super) async fn forged_cookie(target: &Target, _: Effort<'_>) -> Result<Outcome, String> {
    let name = target.cookie_name();
    let made_up = format!("{name}=rt_{}", "A".repeat(103));
    let forged = [
        format!("{name}="),
        format!("{name}=rt_"),
        format!("{name}=%72t_"),
        format!("{made_up}; {made_up}"),
        format!("{}=rt_x", name.to_uppercase()),
        format!("{name}=\"rt_x\"; $Path=/"),
        format!("{name}={}", "x".repeat(4000)),
        made_up,
    ];
    let mut wrong = Vec::new();
    for cookie in &forged {
        let mut browser = Browser::with(cookie);
        let answer = browser
            .sends(target, REFRESH, &[("x-session-cookie", "1")])
            .await?;
        if answer.status != 401 || answer.body["code"] != "refresh_invalid" {
            let shown: String = cookie.chars().take(60).collect();
            wrong.push(format!("{shown} got {}", got(&answer)));
        }
    }
    Ok(outcome(&wrong, format!("{} refused", forged.len())))
}

pub(super) async fn fixation(target: &Target, _: Effort<'_>) -> Result<Outcome, String> {
    let mut thief = Browser::default();
    thief.signs_in(target, &target.stranger()).await?;
    let planted = thief.cookie.clone();
    let mut victim = Browser {
        cookie: planted.clone(),
    };
    victim.signs_in(target, &target.stranger()).await?;
    let mut wrong = Vec::new();
    if victim.cookie == planted {
        wrong.push("the sign-in kept the cookie that was planted".to_owned());
    }
    let theirs = thief
        .sends(target, REFRESH, &[("x-session-cookie", "1")])
        .await?;
    if got(&theirs) != "401 refresh_invalid with a cookie" || thief.cookie.is_some() {
        wrong.push(format!("the planted cookie still got {}", got(&theirs)));
    }
    let own = victim
        .sends(target, REFRESH, &[("x-session-cookie", "1")])
        .await?;
    if own.status != 200 {
        wrong.push(format!("the person's own session got {}", got(&own)));
    }
    Ok(outcome(
        &wrong,
        "the session of the planted cookie ended with the sign-in".to_owned(),
    ))
}
