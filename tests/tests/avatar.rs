//! A person's picture over HTTP: ATTACKS.md section 8, N18 and the faults around it.

#[path = "../../shared/picture/src/samples/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "the pictures that only unit tests and the bench need"
)]
mod samples;

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use local::{Cloud, Options};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

/// A cloud on disk, so that the objects can be counted, and one person who is signed in.
struct Gallery {
    cloud: Cloud,
    http: Client,
    data: PathBuf,
    access: String,
}

impl Drop for Gallery {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

impl Gallery {
    async fn open() -> Self {
        let name = shared::entropy::bytes::<8>()
            .map(|byte| format!("{byte:02x}"))
            .concat();
        let data = std::env::temp_dir().join(format!("latchkey-avatar-{name}"));
        let options = Options {
            data: Some(data.clone()),
            ..Options::memory()
        };
        let cloud = Cloud::start(options).await.expect("a cloud starts");
        #[expect(clippy::disallowed_methods, reason = "a visitor, no function of ours")]
        let http = Client::new();
        let mut gallery = Self {
            cloud,
            http,
            data,
            access: String::new(),
        };
        gallery.access = gallery.sign_in("jane@example.com").await;
        gallery
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.cloud.url())
    }

    async fn sign_in(&self, address: &str) -> String {
        let ask = json!({ "identifier": address });
        let asked = self
            .http
            .post(self.url("/api/auth/otp/request/"))
            .json(&ask)
            .send()
            .await
            .unwrap();
        assert_eq!(asked.status(), 200);
        let outbox = self
            .http
            .get(self.url(&format!("/_local/outbox?to={address}")));
        let outbox: Value = outbox.send().await.unwrap().json().await.unwrap();
        let text = outbox[0]["text"].as_str().expect("a message came");
        let digits = text
            .split(|c: char| !c.is_ascii_digit())
            .find(|word| word.len() == 6);
        let prove = json!({ "identifier": address, "otp_code": digits.expect("a code in it") });
        let proven = self
            .http
            .post(self.url("/api/auth/otp/verify/"))
            .json(&prove)
            .send()
            .await
            .unwrap();
        let proven: Value = proven.json().await.unwrap();
        proven["tokens"]["access"]
            .as_str()
            .expect("a token")
            .to_owned()
    }

    async fn send(&self, kind: &str, body: Vec<u8>) -> Response {
        self.http
            .post(self.url("/api/profile/avatar/"))
            .header(AUTHORIZATION, format!("Bearer {}", self.access))
            .header(CONTENT_TYPE, kind)
            .body(body)
            .send()
            .await
            .unwrap()
    }

    /// Sends a picture that must be taken; its URLs.
    async fn upload(&self, picture: Vec<u8>) -> Value {
        let answer = self.send("image/*", picture).await;
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["avatar"], answer["avatar_urls"]["512"]);
        answer["avatar_urls"].clone()
    }

    async fn delete(&self) -> StatusCode {
        let delete = self.http.delete(self.url("/api/profile/avatar/"));
        delete
            .bearer_auth(&self.access)
            .send()
            .await
            .unwrap()
            .status()
    }

    /// What the profile says.
    async fn shown(&self) -> Value {
        let profile = self
            .http
            .get(self.url("/api/profile/"))
            .bearer_auth(&self.access);
        let profile: Value = profile.send().await.unwrap().json().await.unwrap();
        assert_eq!(
            profile["avatar"], profile["avatar_urls"]["512"],
            "{profile}"
        );
        profile["avatar_urls"].clone()
    }

    async fn fetch(&self, url: &Value) -> Response {
        self.http
            .get(url.as_str().expect("a URL"))
            .send()
            .await
            .unwrap()
    }

    /// How many objects the bucket holds in a folder.
    fn objects(&self, folder: &str) -> usize {
        files(&self.data.join("s3/latchkey-avatars").join(folder))
    }

    async fn fault(&self, fault: Value) {
        let ordered = self
            .http
            .post(self.url("/_local/faults"))
            .json(&fault)
            .send()
            .await
            .unwrap();
        assert!(
            ordered.status().is_success(),
            "{}",
            ordered.text().await.unwrap()
        );
    }

    async fn no_faults(&self) {
        self.http
            .delete(self.url("/_local/faults"))
            .send()
            .await
            .unwrap();
    }

    async fn later(&self, seconds: u64) {
        let later = json!({ "advance_seconds": seconds });
        let moved = self
            .http
            .post(self.url("/_local/clock"))
            .json(&later)
            .send()
            .await
            .unwrap();
        assert!(moved.status().is_success());
    }

    /// Lets the daily sweep run, more than a day later.
    async fn sweep(&self) -> Value {
        self.later(25 * 60 * 60).await;
        self.cloud
            .invoke("avatar", &json!({ "latchkey": "sweep" }))
            .await
            .unwrap()
    }
}

fn files(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| {
            if entry.path().is_dir() {
                files(&entry.path())
            } else {
                1
            }
        })
        .sum()
}

fn form(parts: &[(&str, &[u8])]) -> (&'static str, Vec<u8>) {
    let mut body = Vec::new();
    for (disposition, content) in parts {
        body.extend_from_slice(
            format!("--edge\r\nContent-Disposition: form-data; {disposition}\r\n\r\n").as_bytes(),
        );
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--edge--\r\n");
    ("multipart/form-data; boundary=edge", body)
}

#[tokio::test]
async fn a_picture_is_shown_replaced_and_removed() {
    let gallery = Gallery::open().await;
    assert_eq!(gallery.shown().await, Value::Null);

    let jpeg = samples::jpeg_with(640, 480, &[samples::exif_segment(6)]);
    let file = "name=\"avatar\"; filename=\"../../x\u{202e}gpj.exe\"";
    let (kind, body) = form(&[("name=\"user_id\"", b"usr_somebody_else"), (file, &jpeg)]);
    let first: Value = gallery.send(kind, body).await.json().await.unwrap();
    let first = &first["avatar_urls"];
    assert_eq!(&gallery.shown().await, first);
    for side in [64, 256, 512] {
        let url = &first[side.to_string()];
        let answer = gallery.fetch(url).await;
        assert_eq!(answer.status(), 200);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "image/jpeg");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(
            header("content-security-policy"),
            "default-src 'none'; sandbox"
        );
        assert!(header("cache-control").contains("immutable"));
        let bytes = answer.bytes().await.unwrap();
        assert!(!bytes.windows(4).any(|w| w == b"Exif" || w == b"GPS "));
        let picture = image::load_from_memory(&bytes).unwrap();
        assert_eq!((picture.width(), picture.height()), (side, side));
        assert!(!url.as_str().unwrap().contains("exe"));
    }
    assert_eq!(
        (gallery.objects("avatars"), gallery.objects("pending")),
        (3, 0)
    );

    let second = gallery.upload(samples::png(300, 300)).await;
    assert_ne!(&second, first);
    assert_eq!(gallery.fetch(&first["512"]).await.status(), 403);
    let answer = gallery.fetch(&second["64"]).await;
    assert_eq!(answer.headers()["content-type"], "image/webp");
    assert_eq!(
        (gallery.objects("avatars"), gallery.objects("pending")),
        (3, 0)
    );

    assert_eq!(gallery.delete().await, 204);
    assert_eq!(gallery.delete().await, 204);
    assert_eq!(gallery.shown().await, Value::Null);
    assert_eq!(gallery.fetch(&second["64"]).await.status(), 403);
    assert_eq!(
        (gallery.objects("avatars"), gallery.objects("pending")),
        (0, 0)
    );
}

#[tokio::test]
async fn what_is_no_good_picture_is_refused_and_leaves_nothing() {
    let gallery = Gallery::open().await;
    let png = samples::png(64, 64);
    let file = "name=\"avatar\"; filename=\"a.png\"";
    let (multipart, twice) = form(&[(file, &png), (file, &png)]);
    let (_, elsewhere) = form(&[("name=\"picture\"; filename=\"a.png\"", &png)]);
    let (_, none) = form(&[]);
    let many: Vec<(&str, &[u8])> = vec![("name=\"x\"", b""); 10_000];
    let cases: Vec<(&str, &str, Vec<u8>, u16)> = vec![
        (
            "svg",
            "image/svg+xml",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(),
            415,
        ),
        ("text as png", "image/png", b"hello".to_vec(), 415),
        ("jpeg as png", "image/png", samples::jpeg(64, 64), 200),
        ("pdf", "application/pdf", b"%PDF-1.7".to_vec(), 415),
        ("no type", "", png.clone(), 415),
        ("empty", "image/png", vec![], 422),
        ("truncated", "image/png", png[..png.len() / 2].to_vec(), 422),
        (
            "1-bit bomb",
            "image/png",
            samples::png_one_bit(30_000, 30_000),
            422,
        ),
        ("webp bomb", "image/webp", samples::webp_bomb(), 422),
        (
            "hidden webp bomb",
            "image/webp",
            samples::webp_hidden_bomb(),
            422,
        ),
        (
            "text bomb",
            "image/png",
            samples::png_text_bomb(64 << 20),
            200,
        ),
        (
            "profile bomb",
            "image/png",
            samples::png_profile_bomb(64 << 20),
            200,
        ),
        ("two files", multipart, twice, 422),
        ("another field", multipart, elsewhere, 422),
        ("no file", multipart, none, 422),
        (
            "no boundary",
            "multipart/form-data",
            form(&[(file, &png)]).1,
            400,
        ),
        ("10,000 parts", multipart, form(&many).1, 422),
        (
            "a byte too large",
            "image/png",
            [png.clone(), vec![0; 4 * 1024 * 1024 + 1 - png.len()]].concat(),
            413,
        ),
        (
            "as large as may be",
            "image/png",
            [png.clone(), vec![0; 4 * 1024 * 1024 - png.len()]].concat(),
            200,
        ),
        (
            "too large for the function",
            "image/png",
            vec![0; 4_800_000],
            413,
        ),
        (
            "too large for the gateway",
            "image/png",
            vec![0; 10_600_000],
            413,
        ),
    ];
    for (name, kind, body, expected) in cases {
        let answer = gallery.send(kind, body).await;
        let status = answer.status();
        let body = answer.text().await.unwrap();
        assert_eq!(status.as_u16(), expected, "{name}: {body}");
        if expected < 413 || expected == 415 || expected == 422 {
            let problem: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(
                problem["status"].is_u64(),
                expected != 200,
                "{name}: {body}"
            );
        }
    }
    assert_eq!(
        (gallery.objects("avatars"), gallery.objects("pending")),
        (3, 0)
    );
}

#[tokio::test]
async fn a_stranger_is_refused_before_the_body_is_read() {
    let gallery = Gallery::open().await;
    let stranger = gallery
        .http
        .post(gallery.url("/api/profile/avatar/"))
        .body(vec![0; 1000]);
    assert_eq!(stranger.send().await.unwrap().status(), 401);
    let stranger = gallery
        .http
        .post(gallery.url("/api/profile/avatar/upload/"))
        .body("{");
    assert_eq!(stranger.send().await.unwrap().status(), 401);
    assert_eq!(
        gallery
            .http
            .delete(gallery.url("/api/profile/avatar/"))
            .send()
            .await
            .unwrap()
            .status(),
        401
    );
    let other = gallery
        .http
        .put(gallery.url("/api/profile/avatar/"))
        .bearer_auth(&gallery.access);
    let other = other.send().await.unwrap();
    assert_eq!(other.status(), 405);
    let allow = other.headers()["allow"].to_str().unwrap();
    assert!(
        allow.contains("POST") && allow.contains("DELETE"),
        "{allow}"
    );
}

impl Gallery {
    async fn ask_for_form(&self, wish: &Value) -> Response {
        let ask = self
            .http
            .post(self.url("/api/profile/avatar/upload/"))
            .bearer_auth(&self.access);
        ask.json(wish).send().await.unwrap()
    }

    async fn form(&self) -> Value {
        let answer = self
            .ask_for_form(&json!({ "content_type": "image/jpeg", "content_length": 5_000_000 }))
            .await;
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }

    /// What a browser does with a form.
    async fn submit(&self, form_of: &Value, file: &[u8]) -> StatusCode {
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
    async fn settled(&self) {
        for _ in 0..500 {
            if self.objects("uploads") == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("an upload was not processed");
    }
}

#[tokio::test]
async fn a_large_file_goes_by_a_signed_form() {
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
    assert_eq!(
        (gallery.objects("avatars"), gallery.objects("pending")),
        (3, 0)
    );

    // Another place, or more than was agreed, is refused by S3 itself.
    let mut elsewhere = gallery.form().await;
    elsewhere["fields"]["key"] = "avatars/x/y/64.jpg".into();
    let elsewhere = gallery.submit(&elsewhere, &samples::jpeg(64, 64)).await;
    assert!(elsewhere.is_client_error(), "{elsewhere}");
    let too_large = gallery
        .submit(&gallery.form().await, &vec![0; 20 * 1024 * 1024 + 1])
        .await;
    assert!(too_large.is_client_error(), "{too_large}");

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

#[tokio::test]
async fn a_form_is_asked_for_with_all_its_fields() {
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
async fn an_event_that_comes_again_changes_nothing() {
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
    assert_eq!(
        (gallery.objects("avatars"), gallery.objects("pending")),
        (3, 0)
    );
    let record = json!({ "Records": [{ "eventName": "ObjectCreated:Post", "s3": {
        "bucket": { "name": "latchkey-avatars" }, "object": { "key": form_of["fields"]["key"] } } }] });
    gallery.cloud.invoke("avatar", &record).await.unwrap();
    assert_eq!(gallery.shown().await, shown);
}

#[tokio::test]
async fn a_crash_at_any_step_never_leaves_a_profile_without_its_picture() {
    // Which call fails for good, and how many objects are left over until the sweep.
    for (service, operation, taken) in [
        ("s3", "PutObject", false),
        ("dynamodb", "TransactWriteItems", false),
        ("s3", "DeleteObjects", true),
    ] {
        let gallery = Gallery::open().await;
        let before = gallery.upload(samples::jpeg(200, 200)).await;
        gallery.fault(json!({ "service": service, "operation": operation, "fault": "error", "times": 100 })).await;
        let answer = gallery.send("image/png", samples::png(200, 200)).await;
        assert_eq!(
            answer.status(),
            if taken { 200 } else { 503 },
            "{operation}"
        );
        gallery.no_faults().await;

        let shown = gallery.shown().await;
        assert_eq!(shown == before, !taken, "{operation}");
        for side in ["64", "256", "512"] {
            assert_eq!(
                gallery.fetch(&shown[side]).await.status(),
                200,
                "{operation}"
            );
        }
        if operation != "PutObject" {
            assert_eq!(
                (gallery.objects("avatars"), gallery.objects("pending")),
                (6, 1),
                "{operation}"
            );
        }
        gallery.sweep().await;
        assert_eq!(
            (gallery.objects("avatars"), gallery.objects("pending")),
            (3, 0),
            "{operation}"
        );
        for side in ["64", "256", "512"] {
            assert_eq!(
                gallery.fetch(&shown[side]).await.status(),
                200,
                "{operation}"
            );
        }
    }
}

#[tokio::test]
async fn a_lost_reply_shows_the_picture_once() {
    let gallery = Gallery::open().await;
    let before = gallery.upload(samples::jpeg(200, 200)).await;
    gallery.fault(json!({ "service": "dynamodb", "operation": "TransactWriteItems", "fault": "lost_reply", "times": 1 })).await;
    let after = gallery.upload(samples::jpeg(201, 200)).await;
    assert_ne!(before, after);
    assert_eq!(gallery.shown().await, after);
    assert_eq!(
        (gallery.objects("avatars"), gallery.objects("pending")),
        (3, 0)
    );
}

#[tokio::test]
async fn of_many_uploads_at_once_one_remains() {
    let gallery = Gallery::open().await;
    let uploads = (0..40).map(|n| gallery.send("image/jpeg", samples::jpeg(64 + n, 64)));
    let answers: Vec<Response> = stream::iter(uploads).buffer_unordered(8).collect().await;
    let count = |status: u16| answers.iter().filter(|a| a.status() == status).count();
    let failed = answers
        .iter()
        .filter(|a| a.status().is_server_error())
        .count();
    let statuses: Vec<_> = answers.iter().map(|a| a.status().as_u16()).collect();
    assert_eq!(count(200) + count(429) + failed, 40, "{statuses:?}");
    assert!(count(200) >= 1 && count(429) >= 5, "{statuses:?}");
    let limited = answers.iter().find(|a| a.status() == 429).unwrap();
    assert!(limited.headers().contains_key("retry-after"));
    let shown = gallery.shown().await;
    for side in ["64", "256", "512"] {
        assert_eq!(gallery.fetch(&shown[side]).await.status(), 200);
    }
    // A busy machine may end a request early, and what it leaves is the sweep's.
    if failed == 0 {
        assert_eq!(
            (gallery.objects("avatars"), gallery.objects("pending")),
            (3, 0)
        );
    }
    gallery.sweep().await;
    assert_eq!(
        (gallery.objects("avatars"), gallery.objects("pending")),
        (3, 0)
    );
}

#[tokio::test]
async fn a_url_tells_nothing_and_cannot_be_guessed() {
    let gallery = Gallery::open().await;
    let shown = gallery.upload(samples::jpeg(64, 64)).await;
    let again = gallery.upload(samples::jpeg(64, 64)).await;
    assert_ne!(shown, again, "the same picture of the same person");
    let url = again["64"].as_str().unwrap();
    let (folder, _) = url.rsplit_once('/').unwrap();
    let (owner, _) = folder.rsplit_once('/').unwrap();
    let mut answers = Vec::new();
    for guess in [
        folder,
        owner,
        &format!("{owner}/"),
        &format!("{owner}/0123/64.jpg"),
        &url.replace("64.jpg", "63.jpg"),
    ] {
        let answer = gallery.http.get(guess).send().await.unwrap();
        assert!(matches!(answer.status().as_u16(), 403 | 404), "{guess}");
        answers.push(answer.text().await.unwrap());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}
