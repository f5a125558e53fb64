//! Codes: asked for, followed, redeemed.

use serde_json::{Value, json};
use shared::domain::locale::LanguageTag;
use utoipa::openapi::Ref;
use utoipa::openapi::path::HttpMethod::{Get, Post};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::book::Book;
use crate::parameters::{device_token, idempotency_key, path};
use crate::problems::Wrong;
use crate::route::route;
use crate::schema::{
    always, count, flag, form, id, list, may, must, object, or_null, text, text_or_null, time,
    time_or_null, url, whole, word,
};
use crate::tokens;

pub(crate) const GROUP: &str = "Codes";

/// The rate headers of answers to code requests and attempts.
pub(crate) const RATE: [&str; 2] = ["RateLimit", "RateLimit-Policy"];

const CHANNELS: [&str; 3] = ["email", "phone", "whatsapp"];
const STATES: [&str; 7] = [
    "queued",
    "sent",
    "delivered",
    "failed",
    "bounced",
    "complained",
    "read",
];

pub(crate) const WRONG_IDENTIFIER: Wrong = ("/identifier", "required", "This field is required.");
pub(crate) const WRONG_CHANNEL: Wrong = (
    "/channel",
    "invalid_channel",
    "This channel does not fit the identifier.",
);
pub(crate) const WRONG_CODE: Wrong = (
    "/otp_code",
    "invalid_otp_code",
    "Expected exactly 6 digits from 0 to 9, as in the message.",
);
pub(crate) const WRONG_KEY: Wrong = (
    "/Idempotency-Key",
    "invalid_idempotency_key",
    "One header of 1 to 64 visible ASCII characters.",
);
const WRONG_SOURCE: Wrong = (
    "/source_url",
    "invalid_url",
    "Expected an http or https URL with a host and without credentials.",
);

pub(crate) fn write(book: &mut Book) {
    let ask = book.schema("CodeRequest", ask());
    let sent = book.schema("CodeSent", sent());
    let attempt = book.schema("CodeAttempt", attempt());
    let welcome = welcome(book);
    let delivery = delivery(book);

    route(
        Post,
        "/api/auth/otp/request/",
        [
            GROUP,
            "requestCode",
            "Ask for a code",
            "Sends a one-time code. A resend while at least two minutes are left carries the same code. Body, headers \
             and timing do not depend on whether an account exists. Limits: one code per identifier in 30 s, 5 in an \
             hour, 10 in a day; 10 a minute per address with a burst of 20; limits of phone prefixes and of the day's \
             messages beside.",
        ],
    )
    .takes(idempotency_key())
    .takes(device_token())
    .json(
        ask,
        json!({
            "identifier": "jane@example.com",
            "channel": "email",
            "source_url": "https://dashboard.example.com/sign-in",
            "locale": "de",
        }),
        &[
            WRONG_IDENTIFIER,
            WRONG_CHANNEL,
            WRONG_SOURCE,
            ("/locale", "invalid_language", "Expected a BCP 47 language tag of at most 100 characters, such as de or pt-BR."),
            WRONG_KEY,
        ],
    )
    .answers((200, "A code is on its way, as far as anybody may know."), sent, sent_example(), &RATE)
    .stored()
    .fails(&["rate_limited", "delivery_failed"])
    .write(book);

    route(
        Post,
        "/api/auth/otp/verify/",
        [
            GROUP,
            "verifyCode",
            "Redeem a code",
            "Opens a session, and the account with the first one. A code is compared three times at the most and \
             works once. Failures add up across codes: from the fifth on the identifier waits 30 s, doubling to an \
             hour; after a hundred in a row it is closed until the account proves another channel.",
        ],
    )
    .takes(device_token())
    .json(
        attempt,
        json!({"identifier": "jane@example.com", "otp_code": "123456"}),
        &[WRONG_IDENTIFIER, WRONG_CODE, WRONG_SOURCE, WRONG_CHANNEL],
    )
    .answers((200, "Signed in."), welcome, welcome_example(), &RATE)
    .stored()
    .fails(&["otp_invalid", "forbidden", "rate_limited"])
    .write(book);

    route(
        Get,
        "/api/auth/otp/deliveries/{delivery_id}/",
        [
            GROUP,
            "showDelivery",
            "Follow a delivery",
            "What became of a message, without personal data, so that a sign-in page can show it while the person \
             waits. The state only moves forward.",
        ],
    )
    .takes(path(
        "delivery_id",
        text("The `delivery_id` of the answer to a code request."),
        DELIVERY,
    ))
    .answers(
        (200, "Where the message is."),
        delivery,
        json!({
            "status": "delivered",
            "channel": "email",
            "updated_at": "2026-01-31T12:00:02Z",
            "history": [
                {"status": "queued", "at": "2026-01-31T12:00:00Z"},
                {"status": "sent", "at": "2026-01-31T12:00:01Z"},
                {"status": "delivered", "at": "2026-01-31T12:00:02Z"},
            ],
        }),
        &[],
    )
    .stored()
    .fails(&["not_found"])
    .write(book);
}

const DELIVERY: &str = "dlv_01996b3e7d4c7f0a8e21c6f1a2b3c4d50f1e2d3c4b5a6978";

/// An address or a number, as a request gives it.
pub(crate) fn identifier() -> ObjectBuilder {
    text(
        "An e-mail address (ASCII local part, domain in any form, at most 64 and 254 octets; 422 `invalid_email`) or a \
         phone number in E.164 (blanks and hyphens of any kind, dots, parentheses and what is invisible are \
         dropped; 422 `invalid_phone`).",
    )
    .min_length(Some(3))
    .examples(["jane@example.com", "+1 415 555 0100"])
}

pub(crate) fn channel() -> ObjectBuilder {
    word(
        "How the code travels; `sms` is `phone`. What the identifier is where it is missing.",
        &["email", "phone", "sms", "whatsapp"],
    )
}

pub(crate) fn code() -> ObjectBuilder {
    text("The code: as many digits as are configured, 6 by default, leading zeros included.")
        .pattern(Some("^[0-9]{6,10}$"))
}

fn source_url() -> ObjectBuilder {
    url("The page that the person signs in on, http or https; its origin is kept as their source.")
        .max_length(Some(2_048))
}

fn ask() -> ObjectBuilder {
    form(
        "Who wants a code, and how.",
        vec![
            must("identifier", identifier()),
            may("channel", channel()),
            may("source_url", source_url()),
            may(
                "locale",
                text("The language of the message, and of a new account (BCP 47; `_` is taken for `-`).")
                    .max_length(Some(LanguageTag::MAX_CHARS)),
            ),
        ],
    )
}

fn sent() -> ObjectBuilder {
    object(
        "A code was sent, as far as anybody may know.",
        vec![
            must("success", always(true, "Always.")),
            must("message", text("For people.")),
            must("channel", word("How the code travels.", &CHANNELS)),
            must(
                "expires_in",
                whole("Seconds for which the code is valid from now on.", 0..=600),
            ),
            must(
                "resend_in",
                count("Seconds after which another may be asked for."),
            ),
            must(
                "delivery_id",
                text("Names the message, for following its delivery.")
                    .pattern(Some("^dlv_[0-9a-f]+$")),
            ),
        ],
    )
}

pub(crate) fn sent_example() -> Value {
    json!({
        "success": true,
        "message": "OTP sent successfully",
        "channel": "email",
        "expires_in": 600,
        "resend_in": 30,
        "delivery_id": DELIVERY,
    })
}

fn attempt() -> ObjectBuilder {
    form(
        "A code, and whom it was sent to.",
        vec![
            must("identifier", identifier()),
            must("otp_code", code()),
            may("source_url", source_url()),
            may("channel", channel()),
        ],
    )
}

fn welcome(book: &mut Book) -> Ref {
    let tokens = book.schema("Tokens", tokens::schema());
    let person = object(
        "The person who signed in.",
        vec![
            must("id", id("The account.", "usr")),
            must("email", text_or_null("The proven e-mail address.")),
            must(
                "phone_number",
                text_or_null("The proven phone number, E.164."),
            ),
            must(
                "full_name",
                text("First and last name, empty without them."),
            ),
            must(
                "is_new_user",
                flag("Whether this sign-in opened the account."),
            ),
            must(
                "is_verified",
                always(true, "An account exists only with a proven address."),
            ),
        ],
    );
    book.schema(
        "SignedIn",
        object(
            "A session was opened.",
            vec![
                must("success", always(true, "Always.")),
                must("message", text("For people.")),
                must(
                    "device_token",
                    text("To be kept, and sent back as `X-Device-Token` with later codes."),
                ),
                must("user", person),
                must("tokens", tokens),
            ],
        ),
    )
}

fn welcome_example() -> Value {
    json!({
        "success": true,
        "message": "Authentication successful",
        "device_token": "dev_AAAA",
        "user": {
            "id": "usr_01996b3e7d4c7f0a8e21c6f1a2b3c4d5",
            "email": "jane@example.com",
            "phone_number": null,
            "full_name": "",
            "is_new_user": true,
            "is_verified": true,
        },
        "tokens": tokens::example(),
    })
}

fn delivery(book: &mut Book) -> Ref {
    let step = object(
        "One state and its moment.",
        vec![
            must("status", word("The state.", &STATES)),
            must("at", time("Since when.")),
        ],
    );
    let channels = CHANNELS.map(Value::from).into_iter().chain([Value::Null]);
    book.schema(
        "Delivery",
        object(
            "Where a message is.",
            vec![
                must(
                    "status",
                    word("`queued` < `sent` < `delivered`, `failed`, `bounced` < `read`, `complained`.", &STATES),
                ),
                must(
                    "channel",
                    or_null(text("How it travels; `null` while nothing is known."), Type::String)
                        .enum_values(Some(channels)),
                ),
                must("updated_at", time_or_null("Since when; `null` while nothing is known.")),
                must("history", list("Every state, oldest first.", step)),
            ],
        ),
    )
}
