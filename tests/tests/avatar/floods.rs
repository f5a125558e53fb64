//! Many uploads at once for one person (H11).

use futures_util::stream::{self, StreamExt as _};
use reqwest::Response;
use serde_json::Value;

use crate::gallery::Gallery;
use crate::samples;

#[tokio::test]
async fn avatar_of_many_uploads_at_once_one_remains() {
    let gallery = Gallery::open().await;
    let uploads = (0..90).map(|n| gallery.send("image/jpeg", samples::jpeg(64 + n, 64)));
    let answers: Vec<Response> = stream::iter(uploads).buffer_unordered(20).collect().await;
    let count = |status: u16| answers.iter().filter(|a| a.status() == status).count();
    let failed = answers
        .iter()
        .filter(|a| a.status().is_server_error())
        .count();
    let statuses: Vec<_> = answers.iter().map(|a| a.status().as_u16()).collect();
    assert_eq!(count(200) + count(429) + failed, 90, "{statuses:?}");
    // Sixty at once, and a few more if the machine takes its time.
    assert!((1..75).contains(&count(200)), "{statuses:?}");
    assert!(count(429) + failed > 15, "{statuses:?}");
    let limited = answers.iter().find(|a| a.status() == 429).unwrap();
    assert!(limited.headers().contains_key("retry-after"));
    let shown = gallery.shown().await;
    gallery.has_all_sizes(&shown).await;
    // A busy machine may end a request early, and what it leaves is the sweep's.
    if failed == 0 {
        assert_eq!(gallery.held(), (3, 0));
    }
    gallery.sweep().await;
    assert_eq!(gallery.held(), (3, 0));
    gallery.has_all_sizes(&shown).await;
}

#[tokio::test]
async fn avatar_form_sent_again_and_again_is_limited() {
    let gallery = Gallery::open().await;
    let form_of = gallery.form().await;
    let mut shown = gallery.shown().await;
    let mut changes = 0;
    for n in 0..75 {
        let picture = samples::jpeg(64 + n, 64);
        assert_eq!(gallery.submit(&form_of, &picture).await, 204);
        gallery.settled().await;
        let now = gallery.shown().await;
        changes += u32::from(now != shown);
        shown = now;
    }
    // The form has counted as one, and a slow machine is let off a few.
    assert!((59..72).contains(&changes), "{changes} changes");
    gallery.has_all_sizes(&shown).await;
    assert_eq!(gallery.held(), (3, 0));
}

/// Forms sent at once wait for each other, and a request does not wait for all of them.
#[tokio::test]
async fn forms_sent_all_at_once_do_not_hold_up_a_request() {
    let gallery = Gallery::open().await;
    let form_of = gallery.form().await;
    let picture = samples::jpeg(1000, 800);
    for _ in 0..40 {
        assert_eq!(gallery.submit(&form_of, &picture).await, 204);
    }
    let shown = gallery.upload(samples::jpeg(200, 200)).await;
    gallery.settled().await;
    assert_eq!(gallery.shown().await, shown, "what was asked for last");
}

impl Gallery {
    async fn has_all_sizes(&self, shown: &Value) {
        for side in ["64", "256", "512"] {
            assert_eq!(self.fetch(&shown[side]).await.status(), 200);
        }
    }
}
