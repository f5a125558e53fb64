//! What providers report; signed by them, and of no use to anybody else.

use serde_json::json;
use utoipa::openapi::path::HttpMethod::Post;
use utoipa::openapi::schema::ObjectBuilder;

use crate::book::Book;
use crate::parameters::{query, required_header};
use crate::route::{Route, route};
use crate::schema::{list, may, must, object, text, word};

pub(crate) const GROUP: &str = "Webhooks";

pub(crate) fn write(book: &mut Book) {
    twilio(book);
    sendgrid(book);
    ses(book);
}

fn report(path: &'static str, name: &str, title: &str, paragraph: &str) -> Route {
    route(Post, path, [GROUP, name, title, paragraph])
        .stored()
        .fails(&["signature_invalid"])
}

fn twilio(book: &mut Book) {
    let callback = book.schema(
        "TwilioCallback",
        object(
            "A status callback of Programmable Messaging; more fields than these come with it.",
            vec![
                may("MessageSid", text("The message, `SM…` or `MM…`.")),
                may(
                    "MessageStatus",
                    text("`queued`, `sent`, `delivered`, `undelivered`, `failed`, `read`, …"),
                ),
                may(
                    "To",
                    text("The number, with `whatsapp:` before it where it went that way."),
                ),
                may("ErrorCode", text("Why it failed; 21610 is an opt-out.")),
            ],
        ),
    );
    let example = json!({
        "MessageSid": "SM0123456789abcdef0123456789abcdef",
        "MessageStatus": "delivered",
        "To": "+14155550100",
    });
    report(
        "/api/webhooks/twilio/",
        "reportTwilio",
        "Twilio: status of a text",
        "A repeated, late or unknown report is taken and changes nothing. An opt-out suppresses the number.",
    )
    .takes(query(
        "d",
        text("The delivery that the message belongs to, as given to Twilio."),
        "dlv_01996b3e7d4c7f0a8e21c6f1a2b3c4d50f1e2d3c4b5a6978",
    ))
    .takes(required_header(
        "X-Twilio-Signature",
        text("Over the URL as it was given to Twilio, and the body."),
        "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
    ))
    .body(&[
        (
            "application/x-www-form-urlencoded",
            callback.clone(),
            Some(example.clone()),
        ),
        ("application/json", callback, Some(example)),
    ])
    .answers_empty(204, "Taken.")
    .write(book);
}

fn sendgrid(book: &mut Book) {
    let event = object(
        "One event; more members than these come with it.",
        vec![
            may(
                "event",
                text("`processed`, `delivered`, `bounce`, `dropped`, `spamreport`, …"),
            ),
            may("email", text("The address.")),
            may("delivery_id", text("The custom argument that we gave.")),
            may("sg_event_id", text("Names the event.")),
        ],
    );
    let events: ObjectBuilder = event;
    let events = book.schema("SendGridEvents", list("A batch of events.", events));
    report(
        "/api/webhooks/sendgrid/",
        "reportSendGrid",
        "SendGrid: events of mails",
        "Signed over the time and the body, which may be five minutes apart from our clock. A bad event in a batch is \
         left out. A bounce, a complaint or an opt-out suppresses the address.",
    )
    .takes(required_header(
        "X-Twilio-Email-Event-Webhook-Signature",
        text("ECDSA P-256 over the time and the body, base64."),
        "MEUCIQ==",
    ))
    .takes(required_header(
        "X-Twilio-Email-Event-Webhook-Timestamp",
        text("Seconds since 1970."),
        "1769860800",
    ))
    .body(&[(
        "application/json",
        events,
        Some(json!([{"event": "delivered", "email": "jane@example.com", "sg_event_id": "ZGVsaXZlcmVk"}])),
    )])
    .answers_empty(204, "Taken.")
    .write(book);
}

fn ses(book: &mut Book) {
    let envelope = book.schema(
        "SnsEnvelope",
        object(
            "A message of SNS; more members than these come with it.",
            vec![
                must(
                    "Type",
                    word(
                        "What it is.",
                        &[
                            "Notification",
                            "SubscriptionConfirmation",
                            "UnsubscribeConfirmation",
                        ],
                    ),
                ),
                must("MessageId", text("Names it.")),
                must("TopicArn", text("One of our topics.")),
                must("Message", text("An event of SES, as JSON in a text.")),
                must("Timestamp", text("Not older than 70 minutes.")),
                must(
                    "SignatureVersion",
                    text("`2`, unless `1` is allowed by configuration."),
                ),
                must("Signature", text("Base64.")),
                must("SigningCertURL", text("On a host of SNS.")),
            ],
        ),
    );
    let example = json!({
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": "arn:aws:sns:eu-central-1:123456789012:latchkey-mail-events",
        "Message": "{\"eventType\":\"Delivery\"}",
        "Timestamp": "2026-01-31T12:00:00.000Z",
        "SignatureVersion": "2",
        "Signature": "c2ln",
        "SigningCertURL": "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0.pem",
    });
    report(
        "/api/webhooks/ses/",
        "reportSes",
        "SES by SNS: events of mails",
        "SNS says `text/plain` of its JSON. A subscription is confirmed for our own topics only. A permanent bounce or a \
         complaint suppresses the address.",
    )
    .body(&[
        ("text/plain", envelope.clone(), Some(example.clone())),
        ("application/json", envelope, Some(example)),
    ])
    .answers_empty(200, "Taken.")
    .write(book);
}
