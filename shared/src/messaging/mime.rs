//! A mail as it goes over the wire (RFC 5322, MIME).

use std::time::{Duration, UNIX_EPOCH};

use jiff::Timestamp;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};

use super::templates::Mail;

/// Packs a mail: text and HTML as alternatives, no tracking, marked as written by a machine (RFC 3834 section 5) so
/// that no auto-responder answers it. The `Message-ID` is the delivery id under the sender's domain; `X-Entity-Ref-ID`
/// says it again, because Gmail folds mails of one subject into one thread and hides a repeated code there.
///
/// # Errors
/// The recipient's address does not fit into a header.
pub(super) fn pack(
    from: &Mailbox,
    to: &str,
    mail: Mail,
    delivery_id: &str,
    now: Timestamp,
) -> Result<Vec<u8>, lettre::error::Error> {
    let to: Address = to
        .parse()
        .map_err(|_| lettre::error::Error::EmailMissingAt)?;
    let since_epoch = Duration::from_secs(u64::try_from(now.as_second()).unwrap_or(0));
    let body = MultiPart::alternative()
        .boundary(format!("=_{delivery_id}"))
        .singlepart(SinglePart::plain(mail.text))
        .singlepart(SinglePart::html(mail.html));
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(mail.subject)
        .date(UNIX_EPOCH + since_epoch)
        .message_id(Some(format!("<{delivery_id}@{}>", from.email.domain())))
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ))
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("X-Auto-Response-Suppress"),
            "All".to_owned(),
        ))
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("X-Entity-Ref-ID"),
            delivery_id.to_owned(),
        ))
        .multipart(body)
        .map(|message| message.formatted())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(subject: &str, text: &str) -> String {
        let from: Mailbox = "Acmé <no-reply@acme.example>".parse().unwrap();
        let mail = Mail {
            subject: subject.into(),
            text: text.into(),
            html: "<p>ä</p>".into(),
        };
        let now = Timestamp::from_second(1_764_000_000).unwrap();
        String::from_utf8(pack(&from, "jane@example.com", mail, "dlv_7", now).unwrap()).unwrap()
    }

    #[test]
    fn the_headers_are_those_of_a_machine_that_wants_no_answer() {
        let mail = packed("123456 is your code", "x");
        for line in [
            "To: jane@example.com\r\n",
            "Subject: 123456 is your code\r\n",
            "Date: Mon, 24 Nov 2025 16:00:00 +0000\r\n",
            "Message-ID: <dlv_7@acme.example>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "X-Entity-Ref-ID: dlv_7\r\n",
            "Content-Type: multipart/alternative;",
            "Content-Type: text/plain; charset=utf-8\r\n",
            "Content-Type: text/html; charset=utf-8\r\n",
        ] {
            assert!(mail.contains(line), "{line} in {mail}");
        }
        assert!(mail.contains("<no-reply@acme.example>"), "{mail}");
        assert!(mail.find("text/plain") < mail.find("text/html"));
    }

    #[test]
    fn a_subject_cannot_add_a_header() {
        let mail = packed("x\r\nBcc: eve@example.com", "x");
        assert!(!mail.contains("\nBcc:"), "{mail}");
    }
}
