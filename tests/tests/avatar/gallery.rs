//! A cloud, one person in it who is signed in, and what the bucket holds.

use std::path::{Path, PathBuf};

use local::{Cloud, Options};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, IF_NONE_MATCH};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

/// A cloud on disk, so that the objects can be counted, and one person who is signed in.
pub(crate) struct Gallery {
    pub(crate) cloud: Cloud,
    pub(crate) http: Client,
    data: PathBuf,
    pub(crate) access: String,
}

impl Drop for Gallery {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

impl Gallery {
    pub(crate) async fn open() -> Self {
        Self::with(Options::memory()).await
    }

    /// With other settings; the data are on disk in any case.
    pub(crate) async fn with(options: Options) -> Self {
        let name = shared::entropy::bytes::<8>()
            .map(|byte| format!("{byte:02x}"))
            .concat();
        let data = std::env::temp_dir().join(format!("latchkey-avatar-{name}"));
        let options = Options {
            data: Some(data.clone()),
            ..options
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

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.cloud.url())
    }

    pub(crate) async fn sign_in(&self, address: &str) -> String {
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

    pub(crate) async fn send(&self, kind: &str, body: Vec<u8>) -> Response {
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
    pub(crate) async fn upload(&self, picture: Vec<u8>) -> Value {
        let answer = self.send("image/*", picture).await;
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["avatar"], answer["avatar_urls"]["512"]);
        answer["avatar_urls"].clone()
    }

    pub(crate) async fn delete(&self) -> StatusCode {
        let delete = self.http.delete(self.url("/api/profile/avatar/"));
        delete
            .bearer_auth(&self.access)
            .send()
            .await
            .unwrap()
            .status()
    }

    /// What the profile says.
    pub(crate) async fn shown(&self) -> Value {
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

    pub(crate) async fn fetch(&self, url: &Value) -> Response {
        self.http
            .get(url.as_str().expect("a URL"))
            .send()
            .await
            .unwrap()
    }

    /// How many objects the bucket holds in a folder.
    pub(crate) fn objects(&self, folder: &str) -> usize {
        files(&self.data.join("s3/latchkey-avatars").join(folder))
    }

    /// A cache's question whether what it has still stands.
    pub(crate) async fn fetch_again(&self, url: &Value, tag: &str) -> Response {
        let request = self.http.get(url.as_str().expect("a URL"));
        request.header(IF_NONE_MATCH, tag).send().await.unwrap()
    }

    /// Puts an object into the bucket, of which no event tells.
    pub(crate) fn put_object(&self, key: &str, bytes: &[u8]) {
        let path = self.data.join("s3/latchkey-avatars").join(key);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, bytes).expect("written");
    }

    /// How many objects the bucket holds of pictures, and of markers.
    pub(crate) fn held(&self) -> (usize, usize) {
        (self.objects("avatars"), self.objects("pending"))
    }

    pub(crate) async fn fault(&self, fault: Value) {
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

    pub(crate) async fn no_faults(&self) {
        self.http
            .delete(self.url("/_local/faults"))
            .send()
            .await
            .unwrap();
    }

    pub(crate) async fn later(&self, seconds: u64) {
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
    pub(crate) async fn sweep(&self) -> Value {
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

/// A form of these parts, by their dispositions, and its media type.
pub(crate) fn form(parts: &[(&str, &[u8])]) -> (&'static str, Vec<u8>) {
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
