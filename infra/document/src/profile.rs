//! A person's own account: profile, addresses, history, export, erasure.

mod account;
mod addresses;
mod history;

use serde_json::{Value, json};
use shared::domain::locale::LanguageTag;
use utoipa::openapi::path::HttpMethod::{Get, Patch, Put};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::book::Book;
use crate::parameters::if_match;
use crate::problems::Wrong;
use crate::route::{Route, route};
use crate::schema::{
    always, count, flag, form, id, list, may, must, object, or_null, ref_or_null, text,
    text_or_null, time, time_or_null, url,
};
use crate::{avatar, schema};
use utoipa::openapi::Ref;

pub(crate) const GROUP: &str = "Profile";

pub(crate) fn write(book: &mut Book) {
    let urls = book.schema("PictureUrls", avatar::urls());
    book.schema("Profile", profile(urls));
    let change = book.schema("ProfileChange", change());

    route(
        Get,
        "/api/profile/",
        [
            GROUP,
            "showProfile",
            "Show the profile",
            "The signed-in person's profile.",
        ],
    )
    .signed_in()
    .shows_profile("The profile.")
    .write(book);

    for (method, id, title, paragraph) in [
        (
            Put,
            "replaceProfile",
            "Replace the profile",
            "Sets all editable fields: one that is missing is cleared, `language` and `timezone` go back to `en` and \
             `UTC`.",
        ),
        (
            Patch,
            "changeProfile",
            "Change the profile",
            "Sets the fields that are given; `null` clears one.",
        ),
    ] {
        let example = json!({
            "first_name": "Jane",
            "last_name": "Doe",
            "bio": "Gardener.",
            "language": "de",
            "timezone": "Europe/Berlin",
        });
        route(method, "/api/profile/", [GROUP, id, title, paragraph])
            .signed_in()
            .takes(if_match())
            .json(change.clone(), example, &WRONG)
            .shows_profile("The profile as it is now.")
            .fails(&["version_conflict"])
            .write(book);
    }
    addresses::write(book);
    history::write(book);
    account::write(book);
}

impl Route {
    /// Answers with the profile and its version.
    fn shows_profile(self, description: &str) -> Self {
        let schema = Ref::from_schema_name("Profile");
        self.answers((200, description), schema, example(), &["ETag"])
    }
}

const WRONG: [Wrong; 5] = [
    ("/bio", "too_long", "Expected at most 500 characters."),
    ("/email", "read_only", "This field cannot be set."),
    ("/first_name", "invalid_type", "Expected a text."),
    (
        "/timezone",
        "invalid_timezone",
        "Expected a name of the IANA time zone database, such as Europe/Berlin.",
    ),
    ("/nickname", "unknown_field", "There is no such field."),
];

fn change() -> ObjectBuilder {
    let short = |description| schema::text_or_null(description).max_length(Some(150));
    form(
        "The editable fields. Texts are trimmed and hold no control characters, names none that change the direction of writing; lengths count Unicode scalar values.",
        vec![
            may("username", short("The name to be shown by, one line, with at least one visible character.")),
            may("first_name", short("One line.")),
            may("last_name", short("One line.")),
            may(
                "bio",
                text_or_null("A few lines about the person.").max_length(Some(500)),
            ),
            may(
                "language",
                or_null(text("BCP 47, stored in its canonical form; `_` is taken for `-`. `en` where it is cleared."), Type::String)
                    .max_length(Some(LanguageTag::MAX_CHARS))
                    .examples(["de", "pt-BR"]),
            ),
            may(
                "timezone",
                text_or_null("IANA; `UTC` where it is cleared.").examples(["Europe/Berlin"]),
            ),
        ],
    )
}

fn profile(urls: Ref) -> ObjectBuilder {
    let role = ObjectBuilder::new().schema_type(Type::String);
    object(
        "A profile, as its owner sees it.",
        vec![
            must("id", id("The account.", "usr")),
            must("email", text_or_null("The proven e-mail address.")),
            must("email_verified", flag("Whether there is one.")),
            must(
                "phone_number",
                text_or_null("The proven phone number, E.164."),
            ),
            must("phone_verified", flag("Whether there is one.")),
            must("username", text("Empty where it is not set.")),
            must("first_name", text("Empty where it is not set.")),
            must("last_name", text("Empty where it is not set.")),
            must(
                "full_name",
                text("First and last name, empty without them."),
            ),
            must("initials", text("Of the name, else of the address.")),
            must(
                "display_username",
                text(
                    "The username, else the full name, else the part before the @ or the masked number.",
                ),
            ),
            must("bio", text("Empty where it is not set.")),
            must(
                "avatar",
                or_null(url("The picture at 512 pixels, or `null`."), Type::String),
            ),
            must(
                "avatar_urls",
                ref_or_null("The picture in its three sizes, or `null`.", urls),
            ),
            must("language", text("BCP 47.")),
            must("timezone", text("IANA.")),
            must(
                "is_verified",
                always(true, "An account exists only with a proven address."),
            ),
            must(
                "roles",
                list("What the person may do beyond their own profile.", role),
            ),
            must("date_joined", time("When the account was opened.")),
            must("last_login", time_or_null("The last sign-in.")),
            must("last_activity", time_or_null("The last sign of life.")),
            must(
                "erases_at",
                time_or_null("When the account will be erased, if that was asked for."),
            ),
            must(
                "version",
                count("Rises with every change; the `ETag` holds it."),
            ),
        ],
    )
}

fn example() -> Value {
    json!({
        "id": "usr_01996b3e7d4c7f0a8e21c6f1a2b3c4d5",
        "email": "jane@example.com",
        "email_verified": true,
        "phone_number": null,
        "phone_verified": false,
        "username": "",
        "first_name": "Jane",
        "last_name": "Doe",
        "full_name": "Jane Doe",
        "initials": "JD",
        "display_username": "Jane Doe",
        "bio": "Gardener.",
        "avatar": null,
        "avatar_urls": null,
        "language": "de",
        "timezone": "Europe/Berlin",
        "is_verified": true,
        "roles": [],
        "date_joined": "2026-01-31T12:00:00Z",
        "last_login": "2026-01-31T12:00:00Z",
        "last_activity": "2026-01-31T12:30:00Z",
        "erases_at": null,
        "version": 7,
    })
}
