//! Sessions: listed and ended.

use serde_json::json;
use utoipa::openapi::path::HttpMethod::{Delete, Get};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::book::Book;
use crate::parameters::path;
use crate::route::route;
use crate::schema::{flag, id, list, must, object, page, text, time};
use crate::tokens::GROUP;

const SESSION: &str = "ses_01996b3e7d4c7f0a8e21c6f1a2b3c4d6";

pub(crate) fn write(book: &mut Book) {
    let session = book.schema("Session", session());
    let sessions = book.schema("Sessions", page(session, Vec::new()));

    route(
        Get,
        "/api/auth/sessions/",
        [
            GROUP,
            "listSessions",
            "List the sessions",
            "The caller's sessions that count, newest first.",
        ],
    )
    .signed_in()
    .paged()
    .answers(
        (200, "One page of sessions."),
        sessions,
        json!({
            "results": [{
                "id": SESSION,
                "created_at": "2026-01-31T12:00:00Z",
                "last_used_at": "2026-01-31T12:30:00Z",
                "ip": "203.0.113.7",
                "user_agent": "Mozilla/5.0",
                "amr": ["otp", "email"],
                "current": true,
            }],
            "next": null,
        }),
        &[],
    )
    .write(book);

    route(
        Delete,
        "/api/auth/sessions/",
        [
            GROUP,
            "endOtherSessions",
            "End all other sessions",
            "Ends all of the caller's sessions but the one that asks.",
        ],
    )
    .signed_in()
    .answers_empty(204, "They have ended.")
    .write(book);

    route(
        Delete,
        "/api/auth/sessions/{id}/",
        [
            GROUP,
            "endSession",
            "End a session",
            "Ends one of the caller's sessions, their own included. Somebody else's is not found.",
        ],
    )
    .signed_in()
    .takes(path("id", text("The session's `id`."), SESSION))
    .answers_empty(204, "It has ended.")
    .fails(&["not_found"])
    .write(book);
}

fn session() -> ObjectBuilder {
    let word = ObjectBuilder::new().schema_type(Type::String);
    object(
        "One session.",
        vec![
            must("id", id("Its name.", "ses")),
            must("created_at", time("When a code opened it.")),
            must("last_used_at", time("When it was last refreshed.")),
            must("ip", text("The address that it was opened from.")),
            must("user_agent", text("What opened it, as it calls itself.")),
            must("amr", list("How it was opened.", word)),
            must("current", flag("Whether it is the one that asks.")),
        ],
    )
}
