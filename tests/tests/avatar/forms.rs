//! Files that are too large for the API: a signed form, straight to S3, and the event that follows.

use std::time::Duration;

use local::Options;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use shared::clock::Clock as _;

use crate::gallery::{Gallery, form};
use crate::samples;

impl Gallery {
    pub(crate) async fn ask_for_form(&self, wish: &Value) -> Response {
        let ask = self
            .http
            .post(self.url("/api/profile/avatar/upload/"))
            .bearer_auth(&self.access);
        ask.json(wish).send().await.unwrap()
    }

    pub(crate) async fn form(&self) -> Value {
        let answer = self
            .ask_for_form(&json!({ "content_type": "image/jpeg", "content_length": 5_000_000 }))
            .await;
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }

    /// What a browser does with a form.
    pub(crate) async fn submit(&self, form_of: &Value, file: &[u8]) -> StatusCode {
        let fields = form_of["fields"].as_object().unwrap();
        let names: Vec<String> = fields
            .keys()
            .map(|name| format!("name=\"{name}\""))
            .collect();
        let mut parts: Vec<(&str, &[u8])> = names
            .iter()
            .zip(fields.values())
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap().as_bytes()))
            .collect();
        parts.push(("name=\"file\"; filename=\"me.jpg\"", file));
        let (kind, body) = form(&parts);
        let post = self
            .http
            .post(form_of["url"].as_str().unwrap())
            .header(CONTENT_TYPE, kind);
        post.body(body).send().await.unwrap().status()
    }

    /// Waits until the bucket holds no upload: each was processed.
    pub(crate) async fn settled(&self) {
        for _ in 0..500 {
            if self.objects("uploads") == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("an upload was not processed");
    }
}

/// Some systems call a JPEG `image/jpg`; its content decides in the end, as for the API.
#[tokio::test]
async fn avatar_form_is_given_under_the_old_names_of_a_type_too() {
    let gallery = Gallery::open().await;
    for (name, media_type) in [
        ("image/jpg", "image/jpeg"),
        ("IMAGE/PJPEG", "image/jpeg"),
        ("image/x-png", "image/png"),
    ] {
        let wish = json!({ "content_type": name, "content_length": 5_000_000 });
        let answer = gallery.ask_for_form(&wish).await;
        assert_eq!(answer.status(), 200, "{name}");
        let form_of: Value = answer.json().await.unwrap();
        assert_eq!(form_of["fields"]["Content-Type"], media_type);
    }
}

#[tokio::test]
async fn avatar_form_takes_a_large_file() {
    let gallery = Gallery::open().await;
    let form_of = gallery.form().await;
    assert_eq!(form_of["max_bytes"], 20 * 1024 * 1024);
    assert_eq!(form_of["expires_in"], 600);

    // Five megabytes, most of it behind the end of the picture.
    let file = [samples::jpeg(1000, 800), vec![7; 5_000_000]].concat();
    assert_eq!(gallery.submit(&form_of, &file).await, 204);
    for _ in 0..500 {
        if gallery.shown().await != Value::Null {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let shown = gallery.shown().await;
    assert_eq!(gallery.fetch(&shown["512"]).await.status(), 200);
    gallery.settled().await;
    assert_eq!(gallery.held(), (3, 0));

    // Another place, or more than was agreed, is refused by S3 itself.
    let mut elsewhere = gallery.form().await;
    elsewhere["fields"]["key"] = "avatars/x/y/64.jpg".into();
    let elsewhere = gallery.submit(&elsewhere, &samples::jpeg(64, 64)).await;
    assert_eq!(elsewhere, 403);
    let too_large = gallery
        .submit(&gallery.form().await, &vec![0; 20 * 1024 * 1024 + 1])
        .await;
    assert_eq!(too_large, 400);

    // What is no picture changes nothing and goes.
    assert_eq!(
        gallery.submit(&gallery.form().await, b"no picture").await,
        204
    );
    gallery.settled().await;
    assert_eq!(gallery.shown().await, shown);

    // A sign-in that has ended takes its forms along.
    let form_of = gallery.form().await;
    gallery.later(60).await;
    let access = gallery.sign_in("jane@example.com").await;
    let others = gallery
        .http
        .delete(gallery.url("/api/auth/sessions/"))
        .bearer_auth(access);
    assert_eq!(others.send().await.unwrap().status(), 204);
    assert_eq!(gallery.submit(&form_of, &samples::jpeg(64, 64)).await, 204);
    gallery.settled().await;
    assert_eq!(gallery.objects("avatars"), 3);
    assert_eq!(gallery.fetch(&shown["512"]).await.status(), 200);
}

/// THREATS L10, I11: a form outlives the account by minutes; what comes by it goes, and nothing counts who sent it.
#[tokio::test]
async fn avatar_form_of_an_erased_person_brings_nothing_back() {
    let gallery = Gallery::with(Options::memory().set("ERASE_GRACE_DAYS", "0")).await;
    let form_of = gallery.form().await;
    let leaves = gallery.http.delete(gallery.url("/api/profile/"));
    let leaves = leaves.bearer_auth(&gallery.access).send().await.unwrap();
    assert_eq!(leaves.status(), 202);
    let counted = async || {
        let calls = gallery.http.get(gallery.url("/_local/calls")).send().await;
        let calls: Vec<Value> = calls.unwrap().json().await.unwrap();
        let limits = calls.iter().filter_map(|call| call["partition"].as_str());
        limits
            .filter(|key| key.starts_with("LIMIT#avatar#"))
            .count()
    };
    let before = counted().await;
    assert!(before > 0, "the form was counted");
    assert_eq!(gallery.submit(&form_of, &samples::jpeg(64, 64)).await, 204);
    gallery.settled().await;
    assert_eq!(counted().await, before);
    assert_eq!(gallery.held(), (0, 0));
}

/// The bucket and the functions have one time, also when it is moved.
#[tokio::test]
async fn avatar_form_is_good_for_ten_minutes_by_the_clock() {
    let mut gallery = Gallery::open().await;
    gallery.later(3600).await;
    gallery.access = gallery.sign_in("jane@example.com").await;
    let whole = [samples::jpeg(64, 64), vec![7; 20 * 1024 * 1024]].concat();
    let form_of = gallery.form().await;
    assert_eq!(
        gallery.submit(&form_of, &whole[..20 * 1024 * 1024]).await,
        204
    );
    gallery.later(601).await;
    assert_eq!(gallery.submit(&form_of, &samples::jpeg(64, 64)).await, 403);
}

#[tokio::test]
async fn avatar_form_is_asked_for_with_all_its_fields() {
    let gallery = Gallery::open().await;
    let wrong = json!({ "content_type": "image/svg+xml", "content_length": 20 * 1024 * 1024 + 1, "key": "x" });
    let answer = gallery.ask_for_form(&wrong).await;
    assert_eq!(answer.status(), 422);
    let problem: Value = answer.json().await.unwrap();
    let pointers: Vec<_> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["pointer"].clone())
        .collect();
    for pointer in ["/content_type", "/content_length", "/key"] {
        assert!(pointers.contains(&pointer.into()), "{problem}");
    }
    assert_eq!(gallery.ask_for_form(&json!({})).await.status(), 422);
}

#[tokio::test]
async fn avatar_event_that_comes_again_changes_nothing() {
    let gallery = Gallery::open().await;
    let form_of = gallery.form().await;
    // The store fails for the first two deliveries of the event; the third makes the picture.
    gallery.fault(json!({ "service": "dynamodb", "operation": "TransactWriteItems", "fault": "error", "times": 6 })).await;
    assert_eq!(
        gallery.submit(&form_of, &samples::jpeg(300, 300)).await,
        204
    );
    gallery.settled().await;
    let shown = gallery.shown().await;
    assert_eq!(gallery.fetch(&shown["64"]).await.status(), 200);
    assert_eq!(gallery.held(), (3, 0));
    let event = gallery.event(&form_of, "1");
    gallery.cloud.invoke("avatar", &event).await.unwrap();
    assert_eq!(gallery.shown().await, shown);
}

/// Red is shown, but its file cannot be deleted, so the event comes again after the person has removed the picture.
#[tokio::test]
async fn upload_is_not_shown_again_after_the_person_removed_it() {
    let gallery = Gallery::open().await;
    let form_of = gallery.form_without_event(&samples::jpeg(300, 300)).await;
    let event = gallery.event(&form_of, "1");
    gallery
        .fault(
            json!({ "service": "s3", "operation": "DeleteObjects", "fault": "error", "times": 20 }),
        )
        .await;
    assert!(gallery.cloud.invoke("avatar", &event).await.is_err());
    gallery.no_faults().await;
    assert_ne!(gallery.shown().await, Value::Null);
    gallery.later(1).await;
    assert_eq!(gallery.delete().await, 204);
    for _ in 0..2 {
        gallery.put_again(&form_of, &samples::jpeg(300, 300));
        gallery.cloud.invoke("avatar", &event).await.unwrap();
        assert_eq!(gallery.shown().await, Value::Null);
    }
    gallery.sweep().await;
    assert_eq!(gallery.held(), (0, 0));
}

/// A's event fails once; meanwhile the person puts up B, or says that they want none. A is of the past.
#[tokio::test]
async fn upload_does_not_replace_what_the_person_did_since() {
    for removes in [false, true] {
        let gallery = Gallery::open().await;
        let form_of = gallery.form_without_event(&samples::jpeg(300, 300)).await;
        let event = gallery.event(&form_of, "1");
        gallery.fault(json!({ "service": "dynamodb", "operation": "TransactWriteItems", "fault": "error", "times": 20 })).await;
        assert!(gallery.cloud.invoke("avatar", &event).await.is_err());
        gallery.no_faults().await;
        gallery.later(1).await;
        let since = if removes {
            assert_eq!(gallery.delete().await, 204);
            Value::Null
        } else {
            gallery.upload(samples::jpeg(200, 200)).await
        };
        gallery.cloud.invoke("avatar", &event).await.unwrap();
        assert_eq!(gallery.shown().await, since, "removes: {removes}");
        gallery.sweep().await;
        assert_eq!(gallery.held(), (if removes { 0 } else { 3 }, 0));
    }
}

/// S3 promises no order: the later of two uploads stays, whichever event comes first.
#[tokio::test]
async fn upload_does_not_replace_a_later_one() {
    let gallery = Gallery::open().await;
    let (first, second) = (
        gallery.form_without_event(&samples::jpeg(300, 300)).await,
        gallery.form_without_event(&samples::jpeg(200, 200)).await,
    );
    let earlier = gallery.event(&first, "1");
    gallery.later(1).await;
    let later = gallery.event(&second, "2");
    gallery.cloud.invoke("avatar", &later).await.unwrap();
    let shown = gallery.shown().await;
    assert_ne!(shown, Value::Null);
    gallery.cloud.invoke("avatar", &earlier).await.unwrap();
    assert_eq!(gallery.shown().await, shown);
    assert_eq!((gallery.held(), gallery.objects("uploads")), ((3, 0), 0));
}

/// However often an event comes, its file counts once against the person's rate.
#[tokio::test]
async fn upload_counts_once_however_often_its_event_comes() {
    let gallery = Gallery::open().await;
    let form_of = gallery.form_without_event(&samples::jpeg(64, 64)).await;
    let event = gallery.event(&form_of, "1");
    gallery.fault(json!({ "service": "s3", "operation": "DeleteObjects", "fault": "error", "times": 1000 })).await;
    for _ in 0..70 {
        assert!(gallery.cloud.invoke("avatar", &event).await.is_err());
    }
    gallery.no_faults().await;
    gallery.cloud.invoke("avatar", &event).await.unwrap();
    assert_ne!(gallery.shown().await, Value::Null);
    assert_eq!(gallery.objects("uploads"), 0);
    // Two of sixty are taken: the form and its file.
    for n in 0..58 {
        let answer = gallery
            .ask_for_form(&json!({ "content_type": "image/jpeg", "content_length": 1 }))
            .await;
        assert_eq!(answer.status(), 200, "{n}");
    }
}

impl Gallery {
    /// A file in the bucket as by a form, of which no event has told yet.
    async fn form_without_event(&self, file: &[u8]) -> Value {
        let form_of = self.form().await;
        self.put_again(&form_of, file);
        form_of
    }

    /// Puts a file where a form would, past the bucket's events.
    fn put_again(&self, form_of: &Value, file: &[u8]) {
        let key = form_of["fields"]["key"].as_str().unwrap();
        self.put_object(key, file);
    }

    /// What S3 tells of a form's file.
    fn event(&self, form_of: &Value, sequencer: &str) -> Value {
        json!({ "Records": [{
            "eventName": "ObjectCreated:Post", "eventTime": self.cloud.clock().now(),
            "s3": {
                "bucket": { "name": "latchkey-avatars" },
                "object": { "key": form_of["fields"]["key"], "sequencer": sequencer },
            },
        }] })
    }
}
