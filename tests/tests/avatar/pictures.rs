//! What a picture becomes, and what is refused.

use serde_json::Value;

use crate::gallery::{Gallery, form};
use crate::samples;

#[tokio::test]
async fn avatar_is_shown_replaced_and_removed() {
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
        // Five minutes in a CDN, an hour in a browser: then it is asked for again, and may be gone.
        assert_eq!(
            header("cache-control"),
            "public, max-age=3600, s-maxage=300"
        );
        let tag = header("etag");
        assert_eq!(gallery.fetch_again(url, &tag).await.status(), 304);
        let bytes = answer.bytes().await.unwrap();
        assert!(!bytes.windows(4).any(|w| w == b"Exif" || w == b"GPS "));
        let picture = image::load_from_memory(&bytes).unwrap();
        assert_eq!((picture.width(), picture.height()), (side, side));
        assert!(!url.as_str().unwrap().contains("exe"));
    }
    assert_eq!(gallery.held(), (3, 0));

    let second = gallery.upload(samples::png(300, 300)).await;
    assert_ne!(&second, first);
    assert_eq!(gallery.fetch(&first["512"]).await.status(), 403);
    assert_eq!(
        gallery.fetch_again(&first["512"], "\"x\"").await.status(),
        403
    );
    let answer = gallery.fetch(&second["64"]).await;
    assert_eq!(answer.headers()["content-type"], "image/webp");
    assert_eq!(gallery.held(), (3, 0));

    assert_eq!(gallery.delete().await, 204);
    assert_eq!(gallery.delete().await, 204);
    assert_eq!(gallery.shown().await, Value::Null);
    assert_eq!(gallery.fetch(&second["64"]).await.status(), 403);
    assert_eq!(gallery.held(), (0, 0));
}

/// A body that is sent: what is wrong with it, its type, the body, and the status that it gets.
type Case<'a> = (&'a str, &'a str, Vec<u8>, u16);

#[tokio::test]
async fn avatar_that_is_no_good_picture_is_refused_and_leaves_nothing() {
    let gallery = Gallery::open().await;
    let png = samples::png(64, 64);
    let (multipart, _) = form(&[]);
    for (name, kind, body, expected) in contents(&png)
        .into_iter()
        .chain(forms(multipart, &png))
        .chain(sizes(&png))
    {
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
    assert_eq!(gallery.held(), (3, 0));
}

/// Pictures and what only calls itself one.
fn contents(png: &[u8]) -> Vec<Case<'static>> {
    vec![
        (
            "svg",
            "image/svg+xml",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(),
            415,
        ),
        ("text as png", "image/png", b"hello".to_vec(), 415),
        ("jpeg as png", "image/png", samples::jpeg(64, 64), 200),
        ("pdf", "application/pdf", b"%PDF-1.7".to_vec(), 415),
        ("no type", "", png.to_vec(), 415),
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
    ]
}

/// Forms, each wrong in another way.
fn forms<'a>(multipart: &'a str, png: &[u8]) -> Vec<Case<'a>> {
    let file = "name=\"avatar\"; filename=\"a.png\"";
    let twice = form(&[(file, png), (file, png)]).1;
    let elsewhere = form(&[("name=\"picture\"; filename=\"a.png\"", png)]).1;
    let none = form(&[]).1;
    let many: Vec<(&str, &[u8])> = vec![("name=\"x\"", b""); 10_000];
    vec![
        ("two files", multipart, twice, 422),
        ("another field", multipart, elsewhere, 422),
        ("no file", multipart, none, 422),
        (
            "no boundary",
            "multipart/form-data",
            form(&[(file, png)]).1,
            400,
        ),
        ("10,000 parts", multipart, form(&many).1, 422),
    ]
}

/// Bodies at the bounds of size.
fn sizes(png: &[u8]) -> Vec<Case<'static>> {
    let padded = |length: usize| [png, &vec![0; length - png.len()]].concat();
    vec![
        (
            "a byte too large",
            "image/png",
            padded(4 * 1024 * 1024 + 1),
            413,
        ),
        (
            "as large as may be",
            "image/png",
            padded(4 * 1024 * 1024),
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
    ]
}

#[tokio::test]
async fn avatar_of_a_stranger_is_refused_before_the_body_is_read() {
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
