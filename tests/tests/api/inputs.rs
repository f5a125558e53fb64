//! What people's devices really send: tags of pseudo-locales, numbers out of contacts apps, names of any script.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{House, REQUEST, VERIFY};

use crate::profile::{call, shows};

const PROFILE: &str = "/api/profile/";

/// An Android phone with developer options on has the language `en-XA`; Java writes `zh_TW`.
#[tokio::test]
async fn locale_that_is_valid_signs_in_and_is_kept() {
    let house = House::open().await;
    for (n, (given, kept)) in [
        ("en-XA", "en-XA"),
        ("zh_TW", "zh-TW"),
        ("qaa-Qaaa-QM", "qaa-Qaaa-QM"),
        ("i-klingon", "tlh"),
        ("ca-ES-VALENCIA", "ca-ES-valencia"),
    ]
    .into_iter()
    .enumerate()
    {
        let address = format!("jane{n}@example.com");
        let asked = json!({ "identifier": address, "locale": given });
        let _ = house
            .post(REQUEST, &asked)
            .from(&house.new_ip())
            .send()
            .await
            .is(200);
        let visitor = house.visitor(address);
        let jane = visitor
            .is_let_in_with(&visitor.reads_the_code().await)
            .await;
        assert_eq!(shows(&house, &jane).await["language"], kept, "{given}");
    }
    let jane = house.visitor("jo@example.com").signs_in().await;
    for (given, kept) in [
        ("pt_BR", "pt-BR"),
        ("x-private", "x-private"),
        ("und", "und"),
    ] {
        let wish = json!({ "language": given });
        let answer = call(&house, &jane.access, Method::PATCH, PROFILE, Some(&wish)).await;
        assert_eq!(answer.is(200).json()["language"], kept);
    }
}

/// One number, out of the contacts of a Mac, with no-break hyphens, and typed, is one account.
#[tokio::test]
async fn identifier_pasted_with_marks_is_the_number() {
    let house = House::open().await;
    let jane = house.visitor("+14155550100").signs_in().await;
    for pasted in [
        "\u{202A}+1\u{A0}(415)\u{A0}555\u{2011}0100\u{202C}",
        "\u{200E}+1 415\u{2013}555\u{2013}0100\u{200E}",
        "\u{FEFF}+1\u{3000}415\u{2009}555\u{200B}0100",
    ] {
        house.advance(3_600).await;
        let _ = house
            .post(REQUEST, &json!({ "identifier": pasted }))
            .send()
            .await
            .is(200);
        let code = house.codes_sent_to("+14155550100").await;
        let code = code.first().expect("a code was sent");
        let body = json!({ "identifier": pasted, "otp_code": code });
        let answer = house.post(VERIFY, &body).send().await.is(200).json();
        assert_eq!(answer["user"]["id"], jane.user["id"], "{pasted:?}");
        assert_eq!(answer["user"]["is_new_user"], false);
    }
    for (wrong, code) in [
        ("\u{202A}+1\u{A0}415\u{202C}", "invalid_phone"),
        ("+١٤١٥٥٥٥٠١٠٠", "invalid_phone"),
        ("\u{200E}jane\u{200E}", "invalid_email"),
        ("\u{202A}jane@example.com\u{202C}", "invalid_email"),
    ] {
        let answer = house
            .post(REQUEST, &json!({ "identifier": wrong }))
            .send()
            .await;
        answer.wrong_fields(&[("/identifier", code)]);
        for error in answer.json()["errors"].as_array().unwrap() {
            let sentence = error["detail"].as_str().unwrap();
            assert!(
                sentence.starts_with("Expected ") && sentence.ends_with('.'),
                "{sentence}"
            );
        }
    }
}

#[tokio::test]
async fn profile_name_is_visible_and_its_initial_a_whole_character() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let patch =
        async |wish: Value| call(&house, &jane.access, Method::PATCH, PROFILE, Some(&wish)).await;
    let wrong = patch(json!({
        "username": "a\u{202E}b", "first_name": "\u{200B}\u{200B}", "last_name": "\u{2800}",
    }))
    .await;
    wrong.wrong_fields(&[
        ("/username", "invalid_characters"),
        ("/first_name", "invalid_characters"),
        ("/last_name", "invalid_characters"),
    ]);
    let names = json!({ "username": null, "first_name": "🇩🇪", "last_name": "e\u{301}lan" });
    let profile = patch(names).await.is(200).json();
    assert_eq!(profile["initials"], "🇩🇪É");
    let names = json!({ "first_name": "می\u{200C}خواهم", "last_name": "👩\u{200D}🚀" });
    let profile = patch(names).await.is(200).json();
    assert_eq!(profile["initials"], "م👩\u{200D}🚀");
}
