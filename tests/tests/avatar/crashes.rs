//! What a crash leaves behind after each step (H12), and a reply that is lost.

use serde_json::json;

use crate::gallery::Gallery;
use crate::samples;

#[tokio::test]
async fn avatar_crash_at_any_step_never_leaves_a_profile_without_its_picture() {
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
            assert_eq!(gallery.held(), (6, 1), "{operation}");
        }
        gallery.sweep().await;
        assert_eq!(gallery.held(), (3, 0), "{operation}");
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
async fn avatar_with_a_lost_reply_is_shown_once() {
    let gallery = Gallery::open().await;
    let before = gallery.upload(samples::jpeg(200, 200)).await;
    gallery.fault(json!({ "service": "dynamodb", "operation": "TransactWriteItems", "fault": "lost_reply", "times": 1 })).await;
    let after = gallery.upload(samples::jpeg(201, 200)).await;
    assert_ne!(before, after);
    assert_eq!(gallery.shown().await, after);
    assert_eq!(gallery.held(), (3, 0));
}
