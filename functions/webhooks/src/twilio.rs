//! `POST /api/webhooks/twilio/?d=<delivery id>`: status callbacks of Programmable Messaging.

use std::sync::Arc;

use crate::signatures::Verdict;
use crate::signatures::twilio::{BodyKind, Callback, signed_url, verify};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use shared::domain::id::is_hex;
use shared::flows::report::twilio::TwilioStatus;
use shared::flows::report::{self, MessageReport, ignored};
use shared::{Error, Result};

use crate::app::{App, forged};
use crate::body;

const PROVIDER: &str = "twilio";

pub(crate) async fn callback(State(app): State<Arc<App>>, request: Request) -> Result<StatusCode> {
    let types = [
        ("application/x-www-form-urlencoded", BodyKind::Form),
        ("application/json", BodyKind::Json),
    ];
    let (kind, parts, body) = body::take(request, &types).await?;
    let Some(keys) = &app.callbacks.twilio else {
        return Err(forged(PROVIDER, "no Twilio account is configured"));
    };
    let query = parts.uri.query().unwrap_or_default();
    let callback = Callback {
        url: &signed_url(&app.callbacks.twilio_url, query),
        body: &body,
        kind,
        signatures: &body::all(&parts.headers, "x-twilio-signature"),
        settings: &body::all(&parts.headers, "x-twilio-webhooks-signature-settings"),
    };
    let fields = match verify(&callback, keys) {
        Verdict::Genuine(fields) => fields,
        Verdict::Forged(why) => return Err(forged(PROVIDER, why)),
        Verdict::Malformed(why) => return Err(Error::Malformed(why.into())),
    };
    let now = app.clock.now();
    match (read(&fields, query), answer(&fields)) {
        (Some(event), _) => app.take(PROVIDER, &event, now).await?,
        (None, Some((number, wanted))) => app.answered(number, wanted, now).await?,
        (None, None) => ignored(PROVIDER, "nothing_to_say"),
    }
    Ok(StatusCode::NO_CONTENT)
}

/// What the fields say, if they fit: a valid MAC alone means nothing, since names and values have no separator in it.
fn read(fields: &[(String, String)], query: &str) -> Option<MessageReport> {
    let field = |name: &str| one(fields.iter().map(|(n, v)| (n.as_str(), v.as_str())), name);
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let delivery_id = one(pairs, "d")?;
    field("MessageSid").filter(|sid| is_message_sid(sid))?;
    let said = TwilioStatus {
        status: field("MessageStatus")?,
        to: field("To").unwrap_or_default(),
        error_code: field("ErrorCode"),
    };
    report::twilio::read(delivery_id, said)
}

/// Whether a person wrote to our number that they want messages again (START) or none (STOP), and from which number: by
/// what Twilio makes of it, else by the words that Twilio takes for it.
fn answer(fields: &[(String, String)]) -> Option<(&str, bool)> {
    let field = |name: &str| one(fields.iter().map(|(n, v)| (n.as_str(), v.as_str())), name);
    field("SmsStatus").filter(|status| *status == "received")?;
    let body = field("Body")
        .unwrap_or_default()
        .trim()
        .to_ascii_uppercase();
    let said = field("OptOutType").map_or(body, str::to_owned);
    let wanted = match said.as_str() {
        "START" | "UNSTOP" | "YES" => true,
        "STOP" | "STOPALL" | "UNSUBSCRIBE" | "CANCEL" | "END" | "QUIT" | "REVOKE" | "OPTOUT" => {
            false
        }
        _ => return None,
    };
    let from = field("From")?;
    Some((from.strip_prefix("whatsapp:").unwrap_or(from), wanted))
}

/// The one value under a name; none where there are two.
fn one<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>, name: &str) -> Option<&'a str> {
    let mut found = pairs.filter(|(n, _)| *n == name).map(|(_, value)| value);
    found.next().filter(|_| found.next().is_none())
}

fn is_message_sid(sid: &str) -> bool {
    let hex = sid.strip_prefix("SM").or_else(|| sid.strip_prefix("MM"));
    hex.is_some_and(|hex| is_hex(hex, 32))
}

#[cfg(test)]
mod tests {
    use shared::domain::channel::Channel;
    use shared::domain::delivery::DeliveryStatus;

    use super::*;

    const SID: (&str, &str) = ("MessageSid", "SM00000000000000000000000000000001");

    fn of(fields: &[(&str, &str)], query: &str) -> Option<MessageReport> {
        let fields: Vec<_> = fields
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect();
        read(&fields, query)
    }

    #[test]
    fn a_callback_is_read_by_its_fields() {
        let failed = of(
            &[
                SID,
                ("MessageStatus", "undelivered"),
                ("To", "whatsapp:+14155552671"),
                ("ErrorCode", "63016"),
            ],
            "d=dlv_1",
        );
        assert_eq!(
            failed,
            Some(MessageReport {
                error_code: Some("63016".into()),
                undelivered: true,
                ..MessageReport::new("dlv_1", Channel::Whatsapp, DeliveryStatus::Failed)
            })
        );
        let stopped = of(
            &[
                SID,
                ("MessageStatus", "failed"),
                ("To", "+14155552671"),
                ("ErrorCode", "21610"),
            ],
            "d=dlv_1",
        );
        let refused = stopped.unwrap().refused.unwrap();
        assert_eq!(
            (refused.address.as_str(), refused.reason),
            ("+14155552671", "opt_out")
        );
    }

    #[test]
    fn what_does_not_fit_says_nothing() {
        let sent = ("MessageStatus", "sent");
        assert!(of(&[SID, sent], "d=1").is_some());
        for (fields, query) in [
            (&[SID, sent][..], ""),
            (&[SID, sent], "d=1&d=2"),
            (&[sent], "d=1"),
            (&[SID], "d=1"),
            (&[SID, SID, sent], "d=1"),
            (&[SID, sent, sent], "d=1"),
            (&[SID, ("MessageStatus", "received")], "d=1"),
            (&[SID, ("MessageStatus", "SENT")], "d=1"),
            (&[SID, ("MessageStatusd", "elivered")], "d=1"),
            (&[("MessageSid", "SM1"), sent], "d=1"),
        ] {
            assert_eq!(of(fields, query), None, "{fields:?} {query}");
        }
    }
}
