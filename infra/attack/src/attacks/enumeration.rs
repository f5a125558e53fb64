//! Finding out who has an account.

use super::{Effort, Outcome};
use crate::target::{Answer, Target};

/// What of an answer may not differ: status, header names and steady values, body without what is new in each.
fn shape(answer: &Answer) -> String {
    const NEW: [&str; 4] = ["x-request-id", "date", "content-length", "ratelimit"];
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .map(|(name, value)| {
            (
                name.as_str(),
                if NEW.contains(&name.as_str()) {
                    "…"
                } else {
                    value.to_str().unwrap_or_default()
                },
            )
        })
        .collect();
    headers.sort_unstable();
    let mut body = answer.body.clone();
    for member in ["delivery_id", "instance"] {
        if let Some(value) = body.get_mut(member) {
            *value = value.as_str().map_or(0, str::len).into();
        }
    }
    format!("{} {headers:?} {body}", answer.status)
}

pub(super) async fn bytes(target: &Target, _: Effort<'_>) -> Result<Outcome, String> {
    let known = target.resident().await?;
    target.wait(31).await?;
    let unknown = target.stranger();
    let asked = [
        target.ask(&known, &target.address()).await?,
        target.ask(&unknown, &target.address()).await?,
    ];
    let tried = [
        target.try_code(&known, "000000", &target.address()).await?,
        target
            .try_code(&target.stranger(), "000000", &target.address())
            .await?,
    ];
    let differing: Vec<_> = [("request", &asked), ("verify", &tried)]
        .into_iter()
        .filter(|(_, [one, other])| shape(one) != shape(other))
        .map(|(route, [one, other])| format!("{route}: {} against {}", shape(one), shape(other)))
        .collect();
    Ok(Outcome::of(
        differing.is_empty(),
        if differing.is_empty() {
            "no difference".to_owned()
        } else {
            differing.join("; ")
        },
    ))
}

/// Interleaved requests for known and unknown addresses, compared by the standardised difference of their means:
/// below 0.2 an effect counts as negligible (Cohen).
pub(super) async fn timing(target: &Target, effort: Effort<'_>) -> Result<Outcome, String> {
    let samples = effort.samples;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    let residents = futures_util::future::try_join_all((0..20).map(|_| target.resident())).await?;
    for round in 0..samples {
        effort.at(round);
        if round % residents.len() == 0 {
            // Past every cooldown and every hour of the residents.
            target.wait(24 * 60 * 60).await?;
        }
        known.push(
            target
                .ask(&residents[round % residents.len()], &target.address())
                .await?
                .took
                .as_secs_f64(),
        );
        unknown.push(
            target
                .ask(&target.stranger(), &target.address())
                .await?
                .took
                .as_secs_f64(),
        );
    }
    let effect = effect(&known, &unknown);
    let bound = 0.2 + 4.0 / f64::from(u32::try_from(samples.max(1)).unwrap_or(u32::MAX)).sqrt();
    let detail = format!(
        "p10, p50, p90, p99 in ms: known {}, unknown {}; effect size {effect:.3} of {samples} each",
        distribution(&mut known),
        distribution(&mut unknown)
    );
    Ok(Outcome::of(effect.abs() < bound, detail))
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / f64::from(u32::try_from(values.len().max(1)).unwrap_or(u32::MAX))
}

fn distribution(values: &mut [f64]) -> String {
    values.sort_by(f64::total_cmp);
    [10, 50, 90, 99]
        .map(|percent| {
            let place = values.len().saturating_sub(1) * percent / 100;
            format!(
                "{:.1}",
                1e3 * values.get(place).copied().unwrap_or_default()
            )
        })
        .join(" ")
}

fn effect(one: &[f64], other: &[f64]) -> f64 {
    let spread = |values: &[f64]| {
        let middle = mean(values);
        let squares: Vec<_> = values
            .iter()
            .map(|value| (value - middle).powi(2))
            .collect();
        mean(&squares)
    };
    let pooled = f64::midpoint(spread(one), spread(other)).sqrt();
    if pooled == 0.0 {
        0.0
    } else {
        (mean(one) - mean(other)) / pooled
    }
}

pub(super) async fn leaks(target: &Target, _: Effort<'_>) -> Result<Outcome, String> {
    let (who, from) = (target.stranger(), target.address());
    let asked = target.ask(&who, &from).await?;
    let code = target.code(&who).await?;
    let wrong = target
        .try_code(&who, &crate::target::other_than(&code), &from)
        .await?;
    let answers = [&asked, &wrong];
    let shown = answers.iter().filter(|answer| {
        // Ids are random digits themselves; a code in them would be chance.
        let mut body = answer.body.clone();
        for member in ["delivery_id", "instance"] {
            body.as_object_mut().and_then(|body| body.remove(member));
        }
        body.to_string().contains(&code) || body.to_string().contains(&who)
    });
    let shown = shown.count();
    Ok(Outcome::of(
        shown == 0,
        format!("{shown} of 2 answers show the code or the address"),
    ))
}
