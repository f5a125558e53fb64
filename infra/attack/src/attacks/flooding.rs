//! Making it send too much.

use futures_util::future::try_join_all;
use reqwest::Method;
use serde_json::json;

use super::{Effort, Outcome};
use crate::target::Target;

pub(super) async fn parallel_requests(target: &Target, _: Effort<'_>) -> Result<Outcome, String> {
    let who = target.stranger();
    let callers: Vec<_> = (0..60).map(|_| target.address()).collect();
    let answers = try_join_all(callers.iter().map(|from| target.ask(&who, from))).await?;
    let sent = answers.iter().filter(|answer| answer.status == 200).count();
    let outbox = target
        .send(Method::GET, &format!("/_local/outbox?to={who}"), None, &[])
        .await?;
    let mails = outbox.body.as_array().map_or(0, Vec::len);
    Ok(Outcome::of(
        sent == 1 && mails == 1,
        format!("{sent} accepted, {mails} sent"),
    ))
}

pub(super) async fn plus_tags(target: &Target, _: Effort<'_>) -> Result<Outcome, String> {
    let who = target.stranger();
    let (name, domain) = who.split_once('@').unwrap_or_default();
    let mut sent = 0;
    for tag in 0..13 {
        let answer = target
            .ask(&format!("{name}+{tag}@{domain}"), &target.address())
            .await?;
        sent += u32::from(answer.status == 200);
    }
    Ok(Outcome::of(
        sent <= 10,
        format!("{sent} of 13 tags of one mailbox were sent to"),
    ))
}

pub(super) async fn one_caller(target: &Target, _: Effort<'_>) -> Result<Outcome, String> {
    let from = target.address();
    let mut sent = 0;
    for _ in 0..30 {
        sent += u32::from(target.ask(&target.stranger(), &from).await?.status == 200);
    }
    Ok(Outcome::of(
        (1..30).contains(&sent),
        format!("{sent} of 30 identifiers from one address"),
    ))
}

pub(super) async fn forged_addresses(target: &Target, _: Effort<'_>) -> Result<Outcome, String> {
    let from = target.address();
    let mut sent = 0;
    for n in 0..30 {
        let forged = format!("198.51.100.{n}");
        let headers = [
            ("x-local-source-ip", from.as_str()),
            ("x-forwarded-for", &forged),
            ("x-real-ip", &forged),
            ("forwarded", &format!("for={forged}")),
            ("cloudfront-viewer-address", &format!("{forged}:443")),
        ];
        let body = json!({"identifier": target.stranger()});
        sent += u32::from(
            target
                .send(
                    Method::POST,
                    "/api/auth/otp/request/",
                    Some(&body),
                    &headers,
                )
                .await?
                .status
                == 200,
        );
    }
    Ok(Outcome::of(
        sent < 30,
        format!("{sent} of 30 with an address of their own in every header"),
    ))
}

pub(super) async fn hostile_identifiers(target: &Target, _: Effort<'_>) -> Result<Outcome, String> {
    const HOSTILE: [&str; 12] = [
        "user@example.com\r\nBcc: victim@example.net",
        "user@example.com,victim@example.net",
        "Name <user@example.com>",
        "\"user@evil\"@example.com",
        "user@[127.0.0.1]",
        "us\u{200b}er@example.com",
        "\u{202e}user@example.com",
        "user\u{ff20}example.com",
        "\u{212a}@example.com",
        "tel:+14155550100",
        "whatsapp:+14155550100",
        "+19005550100",
    ];
    let mut taken = Vec::new();
    for identifier in HOSTILE {
        let answer = target.ask(identifier, &target.address()).await?;
        if answer.status != 422 {
            taken.push(format!("{identifier:?} got {}", answer.status));
        }
    }
    let detail = if taken.is_empty() {
        format!("{} refused", HOSTILE.len())
    } else {
        taken.join(", ")
    };
    Ok(Outcome::of(taken.is_empty(), detail))
}
