//! The emulator of SendGrid: `POST /v3/mail/send`, and `GET /v3/scopes` to look at the key.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use serde_json::Value;
use shared::clock::Clock;

use super::{Credentials, hex};
use crate::outbox::Message;
use crate::proxy::{Upstream, shapes};
use crate::state::LocalState;

/// SendGrid, as far as sending goes.
pub(crate) struct SendGrid {
    pub(crate) state: Arc<LocalState>,
    pub(crate) credentials: Credentials,
}

impl Upstream for SendGrid {
    async fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let expected = format!("Bearer {}", self.credentials.sendgrid_key);
        let known = request.headers().get(header::AUTHORIZATION);
        if known.is_none_or(|found| found.as_bytes() != expected.as_bytes()) {
            return Ok(shapes::sendgrid(
                401,
                "The provided authorization grant is invalid, expired, or revoked",
            ));
        }
        match (request.method(), request.uri().path()) {
            (&Method::POST, "/v3/mail/send") => {}
            (&Method::GET, "/v3/scopes") => {
                let rights = serde_json::json!({ "scopes": ["mail.send"] });
                return Ok(shapes::respond(200, "application/json", rights.to_string()));
            }
            _ => return Ok(shapes::sendgrid(404, "not found")),
        }
        let mail: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        Ok(self
            .send(&mail)
            .unwrap_or_else(|complaint| shapes::sendgrid(400, complaint)))
    }
}

impl SendGrid {
    fn send(&self, mail: &Value) -> Result<Response<Bytes>, &'static str> {
        let from = mail["from"]["email"]
            .as_str()
            .ok_or("The from object must be provided for every email send.")?;
        let from = match mail["from"]["name"].as_str() {
            Some(name) => format!("{name} <{from}>"),
            None => from.to_owned(),
        };
        let people = mail["personalizations"]
            .as_array()
            .filter(|people| !people.is_empty())
            .ok_or("The personalizations field is required and must have at least one personalization.")?;
        let content = |kind: &str| {
            mail["content"]
                .as_array()
                .into_iter()
                .flatten()
                .find(|part| part["type"] == kind)
                .and_then(|part| part["value"].as_str())
                .map(str::to_owned)
        };
        let (text, html) = (content("text/plain"), content("text/html"));
        if text.is_none() && html.is_none() {
            return Err("The content field is required.");
        }
        let id = hex::<11>();
        for person in people {
            let argument = |from: &Value| {
                from["custom_args"]["delivery_id"]
                    .as_str()
                    .map(str::to_owned)
            };
            let subject = person["subject"].as_str().or(mail["subject"].as_str());
            for to in person["to"].as_array().into_iter().flatten() {
                self.state.outbox.put(Message {
                    id: 0,
                    at: self.state.clock.now(),
                    channel: "email",
                    provider: "sendgrid",
                    to: to["email"].as_str().unwrap_or_default().to_owned(),
                    from: from.clone(),
                    subject: subject.map(str::to_owned),
                    text: text.clone(),
                    html: html.clone(),
                    provider_message_id: id.clone(),
                    delivery_id: argument(person).or_else(|| argument(mail)),
                    status: "processed".to_owned(),
                    callback: None,
                    parameters: Vec::new(),
                });
            }
        }
        let mut answer = Response::new(Bytes::new());
        *answer.status_mut() = StatusCode::ACCEPTED;
        if let Ok(id) = HeaderValue::from_str(&id) {
            answer.headers_mut().insert("x-message-id", id);
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    async fn send(state: &Arc<LocalState>, key: &str, mail: Value) -> Response<Bytes> {
        let twin = SendGrid {
            state: Arc::clone(state),
            credentials: Credentials {
                twilio_account: String::new(),
                twilio_token: String::new(),
                sendgrid_key: "SG.right".to_owned(),
            },
        };
        let request = Request::post("/v3/mail/send")
            .header("authorization", format!("Bearer {key}"))
            .body(Bytes::from(mail.to_string()))
            .unwrap();
        twin.answer(request).await.unwrap()
    }

    #[tokio::test]
    async fn a_mail_lands_in_the_outbox_with_our_id() {
        let state = Arc::new(LocalState::default());
        let mail = json!({
            "personalizations": [{"to": [{"email": "jane@example.com"}]}],
            "from": {"email": "no-reply@example.com", "name": "Latchkey"},
            "subject": "Code",
            "content": [{"type": "text/plain", "value": "123456"}],
            "custom_args": {"delivery_id": "dlv_1"},
        });
        assert_eq!(send(&state, "SG.wrong", mail.clone()).await.status(), 401);
        let answer = send(&state, "SG.right", mail).await;
        assert_eq!(answer.status(), 202);
        let message = &state.outbox.list(Some("jane@example.com"))[0];
        assert_eq!(
            answer.headers()["x-message-id"],
            message.provider_message_id.as_str()
        );
        assert_eq!(message.delivery_id.as_deref(), Some("dlv_1"));
        assert_eq!(message.from, "Latchkey <no-reply@example.com>");
    }

    #[tokio::test]
    async fn a_mail_to_nobody_is_refused() {
        let mail = json!({"from": {"email": "a@example.com"}});
        let answer = send(&Arc::default(), "SG.right", mail).await;
        assert_eq!(answer.status(), 400);
    }
}
