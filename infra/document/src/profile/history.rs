//! Where the person signed in from, and what happened to the account.

use serde_json::json;
use utoipa::openapi::path::HttpMethod::Get;

use super::GROUP;
use crate::book::Book;
use crate::route::route;
use crate::schema::{must, object, page, text, time, url, word};

pub(super) fn write(book: &mut Book) {
    let origin = book.schema(
        "Source",
        object(
            "The origin of a page.",
            vec![
                must("url", url("Scheme, host and port.")),
                must("name", text("The host.")),
            ],
        ),
    );
    let source = book.schema(
        "UserSource",
        object(
            "An origin that the person signed in from.",
            vec![
                must("source", origin),
                must(
                    "registration_method",
                    word(
                        "How they did so the first time.",
                        &["otp_email", "otp_phone", "otp_whatsapp"],
                    ),
                ),
                must("created_at", time("The first time.")),
                must("last_seen_at", time("The last time.")),
            ],
        ),
    );
    let sources = book.schema("UserSources", page(source, Vec::new()));
    let line = book.schema(
        "Activity",
        object(
            "One thing that happened.",
            vec![
                must("event", text("What: `signed_in`, `profile_updated`, …")),
                must("at", time("When.")),
                must("ip", text("From which address.")),
                must("user_agent", text("By what, as it calls itself.")),
                must(
                    "detail",
                    text("More, depending on the event; may be empty."),
                ),
            ],
        ),
    );
    let activity = book.schema("Activities", page(line, Vec::new()));

    route(
        Get,
        "/api/profile/sources/",
        [
            GROUP,
            "listSources",
            "List the sources",
            "The origins that the person signed in from.",
        ],
    )
    .signed_in()
    .paged()
    .answers(
        (200, "One page of sources."),
        sources,
        json!({
            "results": [{
                "source": {"url": "https://dashboard.example.com", "name": "dashboard.example.com"},
                "registration_method": "otp_email",
                "created_at": "2026-01-31T12:00:00Z",
                "last_seen_at": "2026-01-31T12:00:00Z",
            }],
            "next": null,
        }),
        &[],
    )
    .write(book);

    route(
        Get,
        "/api/profile/activity/",
        [
            GROUP,
            "listActivity",
            "List the activity",
            "What happened to the account in the last 90 days, newest first.",
        ],
    )
    .signed_in()
    .paged()
    .answers(
        (200, "One page of activity."),
        activity,
        json!({
            "results": [{
                "event": "signed_in",
                "at": "2026-01-31T12:00:00Z",
                "ip": "203.0.113.7",
                "user_agent": "Mozilla/5.0",
                "detail": "otp_email",
            }],
            "next": null,
        }),
        &[],
    )
    .write(book);
}
