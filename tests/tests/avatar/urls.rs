//! What an address of a picture gives away.

use crate::gallery::Gallery;
use crate::samples;

#[tokio::test]
async fn avatar_url_tells_nothing_and_cannot_be_guessed() {
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
