//! The routes, for the API's document. What comes is the providers' own, of which we read little.

use shared::http::spec::HttpMethod::Post;
use shared::http::spec::schema::{list, may, must, object, text, word};
use shared::http::spec::{Ref, Route, Spec, required_header};

/// Describes the routes of this function.
pub fn document(spec: &mut Spec) {
    let callback = twilio(spec);
    let route = report("/api/webhooks/twilio/", "reportTwilio")
        .parameter("d", text(""))
        .takes(required_header(
            "X-Twilio-Signature",
            text("Over the URL as it was given to Twilio, and the body."),
            "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
        ))
        .body([
            ("application/x-www-form-urlencoded", callback.clone()),
            ("application/json", callback),
        ]);
    spec.add(route);

    let events = sendgrid(spec);
    let route = report("/api/webhooks/sendgrid/", "reportSendGrid")
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
        .body([("application/json", events)]);
    spec.add(route);

    // SNS says text/plain of its JSON.
    let envelope = sns(spec);
    let route = report("/api/webhooks/ses/", "reportSes")
        .body([
            ("text/plain", envelope.clone()),
            ("application/json", envelope),
        ])
        .shows(200, []);
    spec.add(route);
}

fn report(path: &'static str, id: &'static str) -> Route {
    Route::new(Post, path, id)
        .stored()
        .fails(&["signature_invalid"])
}

fn twilio(spec: &mut Spec) -> Ref {
    let callback = object(
        "A status callback of Programmable Messaging; more fields than these come with it.",
        [
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
    );
    spec.schema("TwilioCallback", callback)
}

fn sendgrid(spec: &mut Spec) -> Ref {
    let event = object(
        "One event; more members than these come with it.",
        [
            may(
                "event",
                text("`processed`, `delivered`, `bounce`, `dropped`, `spamreport`, …"),
            ),
            may("email", text("The address.")),
            may("delivery_id", text("The custom argument that we gave.")),
            may("sg_event_id", text("Names the event.")),
        ],
    );
    spec.schema("SendGridEvents", list("A batch of events.", event))
}

fn sns(spec: &mut Spec) -> Ref {
    let kinds = [
        "Notification",
        "SubscriptionConfirmation",
        "UnsubscribeConfirmation",
    ];
    let envelope = object(
        "A message of SNS; more members than these come with it.",
        [
            must("Type", word("What it is.", &kinds)),
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
    );
    spec.schema("SnsEnvelope", envelope)
}
