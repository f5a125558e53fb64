//! The addresses of an account: added, replaced, removed.

use serde_json::json;
use utoipa::openapi::Ref;
use utoipa::openapi::path::HttpMethod::{Delete, Post};

use super::GROUP;
use crate::book::Book;
use crate::otp::{
    RATE, WRONG_CHANNEL, WRONG_CODE, WRONG_IDENTIFIER, WRONG_KEY, channel, code, identifier,
    sent_example,
};
use crate::parameters::{device_token, idempotency_key, path};
use crate::route::route;
use crate::schema::{form, may, must, word};

pub(super) fn write(book: &mut Book) {
    let wish = book.schema(
        "AddressRequest",
        form(
            "The address that is to be the account's.",
            vec![must("identifier", identifier()), may("channel", channel())],
        ),
    );
    let proof = book.schema(
        "AddressProof",
        form(
            "The code that came to the address.",
            vec![
                must("identifier", identifier()),
                must("otp_code", code()),
                may("channel", channel()),
            ],
        ),
    );

    route(
        Post,
        "/api/profile/identifiers/",
        [
            GROUP,
            "requestAddress",
            "Ask for another address",
            "Sends a code to the address that is to be added, or to replace the one of its kind. Whether it is \
             somebody else's is not said here. The limits are those of codes.",
        ],
    )
    .recently_signed_in()
    .takes(idempotency_key())
    .takes(device_token())
    .json(
        wish,
        json!({"identifier": "+14155550100", "channel": "whatsapp"}),
        &[WRONG_IDENTIFIER, WRONG_CHANNEL, WRONG_KEY],
    )
    .answers(
        (200, "A code is on its way, as far as anybody may know."),
        Ref::from_schema_name("CodeSent"),
        sent_example(),
        &RATE,
    )
    .fails(&["rate_limited", "delivery_failed"])
    .write(book);

    route(
        Post,
        "/api/profile/identifiers/verify/",
        [
            GROUP,
            "verifyAddress",
            "Prove another address",
            "Gives the address to the account, tells the old one, and ends the other sessions.",
        ],
    )
    .recently_signed_in()
    .takes(device_token())
    .json(
        proof,
        json!({"identifier": "+14155550100", "otp_code": "123456"}),
        &[WRONG_IDENTIFIER, WRONG_CODE, WRONG_CHANNEL],
    )
    .shows_profile("The profile with the new address.")
    .fails(&["otp_invalid", "rate_limited", "identifier_taken"])
    .write(book);

    route(
        Delete,
        "/api/profile/identifiers/{kind}/",
        [
            GROUP,
            "removeAddress",
            "Remove an address",
            "Takes an address from the account, tells it so, and ends the other sessions. The last one stays.",
        ],
    )
    .recently_signed_in()
    .takes(path(
        "kind",
        word("Which of the two.", &["email", "phone"]),
        "phone",
    ))
    .answers_empty(204, "There is none of this kind any more.")
    .fails(&["not_found", "last_identifier"])
    .write(book);
}
