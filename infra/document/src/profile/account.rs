//! The whole account: handed out, erased, restored.

use serde_json::json;
use utoipa::openapi::path::HttpMethod::{Delete, Get, Post};

use super::GROUP;
use crate::book::Book;
use crate::route::route;
use crate::schema::{count, may, must, object, time, url};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, SchemaType};

/// What an export is made of; its lines are as the tables hold them.
const PARTS: [&str; 11] = [
    "sessions",
    "sources",
    "activity",
    "claims",
    "erasure",
    "notices",
    "codes",
    "deliveries",
    "suppressions",
    "limits",
    "pictures",
];

pub(super) fn write(book: &mut Book) {
    let export = book.schema("Export", export());
    let accepted = book.schema(
        "ErasureAccepted",
        object(
            "The account will be erased.",
            vec![must("erases_at", time("When, or since when."))],
        ),
    );

    route(
        Get,
        "/api/profile/export/",
        [
            GROUP,
            "exportAccount",
            "Export the account",
            "Everything that is held on the person, as one JSON attachment. An export beyond 4 MiB is handed out by a \
             link.",
        ],
    )
    .recently_signed_in()
    .answers(
        (200, "The export, or the link to it."),
        export,
        json!({
            "id": "usr_01996b3e7d4c7f0a8e21c6f1a2b3c4d5",
            "exported_at": "2026-01-31T12:00:00Z",
            "account": {"email": "jane@example.com"},
            "sessions": [],
            "sources": [],
            "activity": [],
        }),
        &["Content-Disposition"],
    )
    .write(book);

    route(
        Delete,
        "/api/profile/",
        [
            GROUP,
            "eraseAccount",
            "Erase the account",
            "Has the account erased after the grace of 30 days (unless configured otherwise; 0 is at once). The other \
             sessions end now. Within the grace one can sign in, and undo it.",
        ],
    )
    .recently_signed_in()
    .answers(
        (202, "It will be erased."),
        accepted,
        json!({"erases_at": "2026-03-02T12:00:00Z"}),
        &[],
    )
    .write(book);

    route(
        Post,
        "/api/profile/restore/",
        [
            GROUP,
            "restoreAccount",
            "Keep the account",
            "Undoes the wish to erase the account. It takes no body.",
        ],
    )
    .signed_in()
    .shows_profile("The profile, which stays.")
    .write(book);
}

fn export() -> ObjectBuilder {
    let anything = || ObjectBuilder::new().schema_type(SchemaType::AnyValue);
    let mut members = vec![
        may("id", crate::schema::id("The account.", "usr")),
        may("exported_at", time("When.")),
        may("account", object("The account itself.", Vec::new())),
        may("url", url("Where a large export is to be had.")),
        may("expires_in", count("Seconds for which the link is good.")),
    ];
    members.extend(PARTS.map(|name| may(name, ArrayBuilder::new().items(anything()))));
    object(
        "Everything that is held on a person, or a link to it.",
        members,
    )
}
