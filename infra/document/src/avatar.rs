//! The picture: sent, sent by a form, removed.

use serde_json::json;
use shared::domain::picture::Kind;
use utoipa::openapi::Ref;
use utoipa::openapi::path::HttpMethod::{Delete, Post};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};

use crate::book::Book;
use crate::route::route;
use crate::schema::{form, map, must, object, text, url, whole, word};

pub(crate) const GROUP: &str = "Picture";

/// The media types that a picture is sent as; an upload form is asked for under other names too.
const TYPES: [&str; 4] = ["image/jpeg", "image/png", "image/webp", "image/gif"];

pub(crate) fn write(book: &mut Book) {
    let file = book.schema(
        "PictureForm",
        object(
            "A form with exactly one file.",
            vec![must("avatar", picture())],
        ),
    );
    let raw = book.schema("PictureFile", picture());
    let shown = book.schema(
        "Picture",
        object(
            "The picture, as everybody may see it.",
            vec![
                must("avatar", url("At 512 pixels.")),
                must("avatar_urls", Ref::from_schema_name("PictureUrls")),
            ],
        ),
    );
    let announced = book.schema("UploadRequest", announced());
    let upload = book.schema("UploadForm", upload());

    let contents: Vec<_> = [("multipart/form-data", file, None)]
        .into_iter()
        .chain(TYPES.map(|kind| (kind, raw.clone(), None)))
        .collect();
    route(
        Post,
        "/api/profile/avatar/",
        [
            GROUP,
            "sendPicture",
            "Send a picture",
            "JPEG, PNG, WebP or GIF (its first frame), judged by content, at most 4 MiB and 12 megapixels: in the \
             field `avatar` of a form, or as the body itself. It is turned upright, cut square, stripped of everything \
             but its pixels, and written anew at 64, 256 and 512 pixels; the old one is removed. Sixty at once, then \
             six a minute.",
        ],
    )
    .signed_in()
    .body(&contents)
    .refuses(&[
        ("/avatar", "too_many_pixels", "The picture has more than 12 megapixels, or none."),
    ])
    .answers(
        (200, "The picture is shown."),
        shown,
        json!({
            "avatar": "https://cdn.example.com/avatars/0199/512.webp",
            "avatar_urls": {
                "64": "https://cdn.example.com/avatars/0199/64.webp",
                "256": "https://cdn.example.com/avatars/0199/256.webp",
                "512": "https://cdn.example.com/avatars/0199/512.webp",
            },
        }),
        &[],
    )
    .fails(&["rate_limited"])
    .write(book);

    route(
        Delete,
        "/api/profile/avatar/",
        [
            GROUP,
            "removePicture",
            "Remove the picture",
            "Removes the picture; without one nothing happens.",
        ],
    )
    .signed_in()
    .answers_empty(204, "There is no picture.")
    .write(book);

    route(
        Post,
        "/api/profile/avatar/upload/",
        [
            GROUP,
            "requestUpload",
            "Ask for an upload form",
            "A form for a picture of up to 20 MiB, which goes straight to the store and is shown when it has been \
             worked on. Send `fields`, and after them the file as `file`, as multipart/form-data to `url`.",
        ],
    )
    .signed_in()
    .json(
        announced,
        json!({"content_type": "image/jpeg", "content_length": 7_340_032}),
        &[
            (
                "/content_type",
                "invalid_content_type",
                "Expected image/jpeg, image/png, image/webp or image/gif.",
            ),
            ("/content_length", "out_of_range", "Expected a whole number from 1 to 20971520."),
        ],
    )
    .answers(
        (200, "The form."),
        upload,
        json!({
            "url": "https://latchkey-avatars.s3.eu-central-1.amazonaws.com/",
            "fields": {"key": "uploads/0199/0199/7f3a", "Content-Type": "image/jpeg", "policy": "eyJ9"},
            "expires_in": 600,
            "max_bytes": MOST,
        }),
        &[],
    )
    .fails(&["rate_limited"])
    .write(book);
}

/// The most bytes of an upload by form.
const MOST: u64 = shared::domain::picture::Upload::MAX_BYTES;

fn picture() -> ObjectBuilder {
    text("The file: JPEG, PNG, WebP or GIF, at most 4 MiB.")
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
}

/// The picture in its three sizes.
pub(crate) fn urls() -> ObjectBuilder {
    object(
        "The picture in its three sizes, square, by their sides in pixels.",
        vec![
            must("64", url("64 pixels.")),
            must("256", url("256 pixels.")),
            must("512", url("512 pixels.")),
        ],
    )
}

fn announced() -> ObjectBuilder {
    form(
        "What is going to be sent.",
        vec![
            must(
                "content_type",
                word(
                    "What the file says that it is.",
                    &Kind::MEDIA_TYPES.map(|(name, _)| name),
                ),
            ),
            must("content_length", whole("Its bytes.", 1..=MOST)),
        ],
    )
}

fn upload() -> ObjectBuilder {
    object(
        "Where to send the file, and with what.",
        vec![
            must("url", url("Where to.")),
            must(
                "fields",
                map(
                    "The form's fields, which go before the file.",
                    ObjectBuilder::new().schema_type(Type::String),
                ),
            ),
            must(
                "expires_in",
                whole("Seconds for which the form is taken.", 0..=600),
            ),
            must(
                "max_bytes",
                whole("The most bytes that are taken.", 1..=MOST),
            ),
        ],
    )
}
