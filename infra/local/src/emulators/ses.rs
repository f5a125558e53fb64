//! The emulator of SES: the Query API's `SendRawEmail`.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, Response};
use shared::clock::Clock;

use super::{hex, mime, request_id};
use crate::outbox::Message;
use crate::proxy::{Upstream, shapes};
use crate::state::LocalState;

/// SES, as far as sending a mail goes.
pub(crate) struct Ses(pub(crate) Arc<LocalState>);

impl Upstream for Ses {
    async fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let form = Form::parse(request.body());
        Ok(match form.get("Action") {
            Some("SendRawEmail") => self.send(&form),
            _ => refuse(
                "InvalidAction",
                "Could not find operation for this request.",
            ),
        })
    }
}

impl Ses {
    fn send(&self, form: &Form) -> Response<Bytes> {
        let raw = form
            .get("RawMessage.Data")
            .and_then(|data| STANDARD.decode(data).ok());
        let Some(raw) = raw else {
            return refuse(
                "InvalidParameterValue",
                "RawMessage.Data is missing or no base64.",
            );
        };
        let mail = match mime::read(&raw) {
            Ok(mail) => mail,
            Err(sentence) => return refuse("InvalidParameterValue", &sentence),
        };
        let mut recipients = form.members("Destinations.member.");
        if recipients.is_empty() {
            recipients.clone_from(&mail.to);
        }
        if recipients.is_empty() {
            return refuse("InvalidParameterValue", "Missing final recipient.");
        }
        let id = format!("{}-{}-000000", hex::<8>(), request_id());
        for to in recipients {
            self.0.outbox.put(Message {
                id: 0,
                at: self.0.clock.now(),
                channel: "email",
                provider: "ses",
                to,
                from: mail.from.clone(),
                subject: mail.subject.clone(),
                text: mail.text.clone(),
                html: mail.html.clone(),
                provider_message_id: id.clone(),
                delivery_id: form.tag("delivery_id"),
                status: "sent".to_owned(),
                callback: None,
                parameters: Vec::new(),
            });
        }
        let answer = format!(
            "<SendRawEmailResponse xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\"><SendRawEmailResult>\
             <MessageId>{id}</MessageId></SendRawEmailResult><ResponseMetadata><RequestId>{}</RequestId>\
             </ResponseMetadata></SendRawEmailResponse>",
            request_id()
        );
        shapes::respond(200, "text/xml", answer)
    }
}

fn refuse(code: &str, message: &str) -> Response<Bytes> {
    shapes::query(400, "Sender", code, message)
}

/// The parameters of a call in the Query protocol.
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a form body.
    pub(crate) fn parse(body: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(body).into_owned().collect())
    }

    /// One parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// All parameters, in their order.
    pub(crate) fn pairs(&self) -> Vec<(String, String)> {
        self.0.clone()
    }

    fn members(&self, prefix: &str) -> Vec<String> {
        self.0
            .iter()
            .filter(|(key, _)| key.starts_with(prefix))
            .map(|(_, value)| value.clone())
            .collect()
    }

    /// The value of the message tag of this name.
    fn tag(&self, name: &str) -> Option<String> {
        let (key, _) = self
            .0
            .iter()
            .find(|(key, value)| key.ends_with(".Name") && value == name)?;
        let value = format!("{}.Value", key.strip_suffix(".Name")?);
        self.get(&value).map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_raw_mail_lands_in_the_outbox_with_its_tag() {
        let state = Arc::new(LocalState::default());
        let ses = Ses(Arc::clone(&state));
        let raw =
            "From: no-reply@example.com\r\nTo: jane@example.com\r\nSubject: Code\r\n\r\n123456";
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", "SendRawEmail")
            .append_pair("Destinations.member.1", "jane@example.com")
            .append_pair("RawMessage.Data", &STANDARD.encode(raw))
            .append_pair("Tags.member.1.Name", "delivery_id")
            .append_pair("Tags.member.1.Value", "dlv_1")
            .finish();
        let answer = ses.answer(Request::new(Bytes::from(body))).await.unwrap();
        assert_eq!(answer.status(), 200);
        let sent = state.outbox.list(Some("jane@example.com"));
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0].text.as_deref(), Some("123456"));
        assert_eq!(sent[0].delivery_id.as_deref(), Some("dlv_1"));
        let answer = String::from_utf8(answer.into_body().to_vec()).unwrap();
        assert!(answer.contains(&sent[0].provider_message_id));
    }

    #[tokio::test]
    async fn another_action_is_refused() {
        let ses = Ses(Arc::default());
        let answer = ses
            .answer(Request::new(Bytes::from("Action=SendEmail")))
            .await;
        assert_eq!(answer.unwrap().status(), 400);
    }
}
