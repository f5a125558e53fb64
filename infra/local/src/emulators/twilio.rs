//! The emulator of Twilio: Programmable Messaging, and Verify with codes of ours.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, Request, Response, header};
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::clock::Clock;

use super::{Credentials, hex};
use crate::emulators::ses::Form;
use crate::outbox::Message;
use crate::proxy::{Upstream, shapes};
use crate::state::LocalState;

/// Twilio, as far as sending goes.
pub(crate) struct Twilio {
    pub(crate) state: Arc<LocalState>,
    pub(crate) credentials: Credentials,
}

impl Upstream for Twilio {
    async fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        if !self.knows(&request) {
            return Ok(shapes::twilio(401, 20003));
        }
        let path: Vec<_> = request.uri().path().split('/').skip(1).collect();
        let form = Form::parse(request.body());
        Ok(match (request.method(), path.as_slice()) {
            (&Method::POST, ["2010-04-01", "Accounts", account, "Messages.json"])
                if *account == self.credentials.twilio_account =>
            {
                self.message(&form)
            }
            (&Method::GET, ["2010-04-01", "Accounts", account, "Messages.json"])
                if *account == self.credentials.twilio_account =>
            {
                self.messages(request.uri().query().unwrap_or_default())
            }
            (&Method::GET, ["2010-04-01", "Accounts", account])
                if account.strip_suffix(".json")
                    == Some(self.credentials.twilio_account.as_str()) =>
            {
                let account = json!({ "status": "active", "type": "Full" });
                shapes::respond(200, "application/json", account.to_string())
            }
            (&Method::POST, ["v2", "Services", service, "Verifications"])
                if service.starts_with("VA") =>
            {
                self.verification(service, &form)
            }
            _ => shapes::twilio(404, 20404),
        })
    }
}

impl Twilio {
    fn knows(&self, request: &Request<Bytes>) -> bool {
        let expected = STANDARD.encode(format!(
            "{}:{}",
            self.credentials.twilio_account, self.credentials.twilio_token
        ));
        request
            .headers()
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Basic "))
            .is_some_and(|found| found == expected)
    }

    fn message(&self, form: &Form) -> Response<Bytes> {
        let Some(to) = form.get("To").filter(|to| !to.is_empty()) else {
            return shapes::twilio(400, 21604);
        };
        let service = form.get("MessagingServiceSid");
        let Some(from) = form.get("From").or(service) else {
            return shapes::twilio(400, 21603);
        };
        let template = form.get("ContentSid");
        let Some(text) = form
            .get("Body")
            .map(str::to_owned)
            .or_else(|| template.map(|_| from_template(form.get("ContentVariables"))))
        else {
            return shapes::twilio(400, 21602);
        };
        let sid = format!("SM{}", hex::<16>());
        let number = to.strip_prefix("whatsapp:");
        let now = self.state.clock.now();
        let callback = form.get("StatusCallback").map(str::to_owned);
        self.state.outbox.put(Message {
            id: 0,
            at: now,
            channel: if number.is_some() {
                "whatsapp"
            } else {
                "phone"
            },
            provider: "twilio",
            to: number.unwrap_or(to).to_owned(),
            from: from.strip_prefix("whatsapp:").unwrap_or(from).to_owned(),
            subject: None,
            text: Some(text.clone()),
            html: None,
            provider_message_id: sid.clone(),
            delivery_id: callback.as_deref().and_then(delivery_id),
            status: "queued".to_owned(),
            callback,
            parameters: form.pairs(),
        });
        let account = &self.credentials.twilio_account;
        let date = now.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string();
        let answer = json!({
            "account_sid": account, "api_version": "2010-04-01", "body": text, "date_created": date,
            "date_sent": null, "date_updated": date, "direction": "outbound-api", "error_code": null,
            "error_message": null, "from": form.get("From"), "messaging_service_sid": service,
            "num_media": "0", "num_segments": "1", "price": null, "price_unit": null, "sid": sid,
            "status": if service.is_some() { "accepted" } else { "queued" }, "to": to,
            "subresource_uris": {},
            "uri": format!("/2010-04-01/Accounts/{account}/Messages/{sid}.json"),
        });
        shapes::respond(201, "application/json", answer.to_string())
    }

    /// The list of messages, newest first.
    fn messages(&self, query: &str) -> Response<Bytes> {
        let asked: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
        let value = |name: &str| {
            asked
                .iter()
                .find(|(n, _)| n == name)
                .map(|(_, value)| value)
        };
        let number = |name: &str| value(name).and_then(|value| value.parse::<usize>().ok());
        let moment = |name: &str| value(name).and_then(|value| value.parse::<Timestamp>().ok());
        let (after, before) = (moment("DateSent>"), moment("DateSent<"));
        let (size, page) = (
            number("PageSize").unwrap_or(50).clamp(1, 1000),
            number("Page").unwrap_or(0),
        );
        let sent = self.state.outbox.list(None).into_iter().filter(|message| {
            message.provider == "twilio"
                && after.is_none_or(|after| message.at >= after)
                && before.is_none_or(|before| message.at <= before)
        });
        let mut sent = sent.skip(page * size);
        let listed: Vec<_> = sent
            .by_ref()
            .take(size)
            .map(|message| self.listed(&message))
            .collect();
        let next = sent.next().map(|_| {
            let kept = asked.iter().filter(|(name, _)| name != "Page");
            let query = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(kept)
                .append_pair("Page", &(page + 1).to_string())
                .finish();
            format!(
                "/2010-04-01/Accounts/{}/Messages.json?{query}",
                self.credentials.twilio_account
            )
        });
        let answer =
            json!({ "messages": listed, "page": page, "page_size": size, "next_page_uri": next });
        shapes::respond(200, "application/json", answer.to_string())
    }

    /// A message as the list has it.
    fn listed(&self, message: &Message) -> Value {
        let (status, error_code) = match message.status.as_str() {
            "undelivered" => ("undelivered", Some(30003)),
            "failed" => ("failed", Some(30008)),
            "bounce" | "complaint" => ("failed", Some(21610)),
            other => (other, None),
        };
        let prefix = if message.channel == "whatsapp" {
            "whatsapp:"
        } else {
            ""
        };
        let date = message
            .at
            .strftime("%a, %d %b %Y %H:%M:%S +0000")
            .to_string();
        json!({
            "account_sid": self.credentials.twilio_account, "sid": message.provider_message_id,
            "to": format!("{prefix}{}", message.to), "from": format!("{prefix}{}", message.from),
            "status": status, "error_code": error_code, "date_created": date, "date_sent": date,
            "direction": "outbound-api", "body": message.text,
        })
    }

    fn verification(&self, service: &str, form: &Form) -> Response<Bytes> {
        let to = form.get("To").filter(|to| to.starts_with('+'));
        let channel = form
            .get("Channel")
            .filter(|c| ["sms", "whatsapp"].contains(c));
        let code = form
            .get("CustomCode")
            .filter(|code| (4..=10).contains(&code.len()));
        let (Some(to), Some(channel), Some(code)) = (to, channel, code) else {
            return shapes::twilio(400, 60200);
        };
        // A repetition for the same number within ten minutes belongs to the same verification.
        let now = self.state.clock.now();
        let earlier =
            self.state.outbox.list(Some(to)).into_iter().find(|m| {
                m.provider == "twilio_verify" && now.duration_since(m.at).as_secs() < 600
            });
        let sid = earlier.map_or_else(
            || format!("VE{}", hex::<16>()),
            |message| message.provider_message_id,
        );
        self.state.outbox.put(Message {
            id: 0,
            at: now,
            channel: if channel == "whatsapp" {
                "whatsapp"
            } else {
                "phone"
            },
            provider: "twilio_verify",
            to: to.to_owned(),
            from: service.to_owned(),
            subject: None,
            text: Some(format!("Your verification code is: {code}")),
            html: None,
            provider_message_id: sid.clone(),
            delivery_id: None,
            status: "pending".to_owned(),
            callback: None,
            parameters: form.pairs(),
        });
        let answer = json!({
            "sid": sid, "service_sid": service, "account_sid": self.credentials.twilio_account, "to": to,
            "channel": channel, "status": "pending", "valid": false, "lookup": {}, "amount": null,
            "payee": null, "date_created": now, "date_updated": now,
            "send_code_attempts": [{ "attempt_sid": format!("VL{}", hex::<16>()), "channel": channel, "time": now }],
            "url": format!("https://verify.twilio.com/v2/Services/{service}/Verifications/{sid}"),
        });
        shapes::respond(201, "application/json", answer.to_string())
    }
}

/// WhatsApp's own words for an authentication template with one variable.
fn from_template(variables: Option<&str>) -> String {
    let variables: Value = variables
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let code = variables["1"].as_str().unwrap_or_default();
    format!("{code} is your verification code. For your security, do not share this code.")
}

/// Our id travels in the callback's query, as `d`.
fn delivery_id(callback: &str) -> Option<String> {
    let url = url::Url::parse(callback).ok()?;
    url.query_pairs()
        .find(|(name, _)| name == "d")
        .map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn post(
        state: &Arc<LocalState>,
        token: &str,
        path: &str,
        form: &[(&str, &str)],
    ) -> (u16, Value) {
        let twilio = Twilio {
            state: Arc::clone(state),
            credentials: Credentials {
                twilio_account: "AC1".to_owned(),
                twilio_token: "right".to_owned(),
                sendgrid_key: String::new(),
            },
        };
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let basic = STANDARD.encode(format!("AC1:{token}"));
        let request = Request::post(path)
            .header("authorization", format!("Basic {basic}"))
            .body(Bytes::from(body))
            .unwrap();
        let answer = twilio.answer(request).await.unwrap();
        (
            answer.status().as_u16(),
            serde_json::from_slice(answer.body()).unwrap(),
        )
    }

    const MESSAGES: &str = "/2010-04-01/Accounts/AC1/Messages.json";

    #[tokio::test]
    async fn a_text_lands_in_the_outbox_with_our_id() {
        let state = Arc::new(LocalState::default());
        let form = [
            ("To", "+14155550100"),
            ("From", "+14155550199"),
            ("Body", "123456"),
            (
                "StatusCallback",
                "https://x.example/api/webhooks/twilio/?d=dlv_1",
            ),
        ];
        let (status, answer) = post(&state, "right", MESSAGES, &form).await;
        assert_eq!((status, &answer["status"]), (201, &json!("queued")));
        let message = &state.outbox.list(Some("+14155550100"))[0];
        assert_eq!(message.delivery_id.as_deref(), Some("dlv_1"));
        assert_eq!(answer["sid"], json!(message.provider_message_id));
    }

    #[tokio::test]
    async fn whatsapp_shows_the_number_and_the_template_s_text() {
        let state = Arc::new(LocalState::default());
        let form = [
            ("To", "whatsapp:+14155550100"),
            ("From", "whatsapp:+14155238886"),
            ("ContentSid", "HX1"),
            ("ContentVariables", "{\"1\":\"123456\"}"),
        ];
        assert_eq!(post(&state, "right", MESSAGES, &form).await.0, 201);
        let message = &state.outbox.list(Some("+14155550100"))[0];
        assert_eq!(message.channel, "whatsapp");
        assert!(message.text.as_deref().unwrap().starts_with("123456 "));
    }

    #[tokio::test]
    async fn what_twilio_refuses_is_refused() {
        let state = Arc::new(LocalState::default());
        let form = [("To", "+14155550100"), ("Body", "x")];
        assert_eq!(
            post(&state, "wrong", MESSAGES, &form).await.1["code"],
            20003
        );
        assert_eq!(
            post(&state, "right", MESSAGES, &form).await.1["code"],
            21603
        );
        assert_eq!(post(&state, "right", "/x", &form).await.0, 404);
        assert!(state.outbox.list(None).is_empty());
    }

    #[tokio::test]
    async fn a_verification_is_reused_within_ten_minutes() {
        let state = Arc::new(LocalState::default());
        let path = "/v2/Services/VA1/Verifications";
        let form = [
            ("To", "+14155550100"),
            ("Channel", "sms"),
            ("CustomCode", "123456"),
        ];
        let (status, first) = post(&state, "right", path, &form).await;
        assert_eq!(status, 201);
        assert_eq!(
            post(&state, "right", path, &form).await.1["sid"],
            first["sid"]
        );
        state.clock.advance(601).unwrap();
        assert_ne!(
            post(&state, "right", path, &form).await.1["sid"],
            first["sid"]
        );
        assert_eq!(
            post(&state, "right", path, &form[..2]).await.1["code"],
            60200
        );
    }
}
