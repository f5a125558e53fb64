//! Guessing codes.

use futures_util::future::try_join_all;

use super::{Effort, Outcome};
use crate::target::{Target, other_than};

const AT_ONCE: usize = 60;

pub(super) async fn parallel_guesses(target: &Target, _: Effort<'_>) -> Result<Outcome, String> {
    let who = target.stranger();
    target.ask(&who, &target.address()).await?;
    let code = target.code(&who).await?;
    let wrong = other_than(&code);
    let callers: Vec<_> = (0..AT_ONCE).map(|_| target.address()).collect();
    let answers = try_join_all(
        callers
            .iter()
            .map(|from| target.try_code(&who, &wrong, from)),
    )
    .await?;
    let odd = answers
        .iter()
        .filter(|answer| !matches!(answer.status, 401 | 429))
        .count();
    let after = target.try_code(&who, &code, &target.address()).await?;
    let detail = format!(
        "{odd} of {AT_ONCE} got another answer than 401 or 429; the right code then got {}",
        after.status
    );
    Ok(Outcome::of(odd == 0 && after.status == 401, detail))
}

pub(super) async fn parallel_right_codes(
    target: &Target,
    _: Effort<'_>,
) -> Result<Outcome, String> {
    let who = target.stranger();
    target.ask(&who, &target.address()).await?;
    let code = target.code(&who).await?;
    let callers: Vec<_> = (0..AT_ONCE).map(|_| target.address()).collect();
    let answers = try_join_all(
        callers
            .iter()
            .map(|from| target.try_code(&who, &code, from)),
    )
    .await?;
    let won = answers.iter().filter(|answer| answer.status == 200).count();
    Ok(Outcome::of(
        won == 1,
        format!("{won} of {AT_ONCE} signed in"),
    ))
}

/// Guesses until the identifier has to wait, asking for the code again in between: however often it is sent, no more
/// than three comparisons a code and five before the first wait.
pub(super) async fn resend_multiplication(
    target: &Target,
    _: Effort<'_>,
) -> Result<Outcome, String> {
    let who = target.stranger();
    let mut compared = 0;
    for _ in 0..4 {
        target.ask(&who, &target.address()).await?;
        let wrong = other_than(&target.code(&who).await?);
        loop {
            let answer = target.try_code(&who, &wrong, &target.address()).await?;
            if answer.status == 429 {
                return Ok(Outcome::of(
                    compared <= 6,
                    format!("waits after {compared} guesses, of which at most 5 were compared"),
                ));
            }
            compared += 1;
            if compared % 3 == 0 {
                break;
            }
        }
        target.wait(31).await?;
    }
    Ok(Outcome::Broke(format!("{compared} guesses and no wait")))
}

pub(super) async fn reuse(target: &Target, _: Effort<'_>) -> Result<Outcome, String> {
    let (who, from) = (target.stranger(), target.address());
    target.ask(&who, &from).await?;
    let code = target.code(&who).await?;
    let first = target.try_code(&who, &code, &from).await?.status;
    let mut again = Vec::new();
    for seconds in [1, 600, 3 * 24 * 60 * 60] {
        target.wait(seconds).await?;
        again.push(target.try_code(&who, &code, &from).await?.status);
    }
    Ok(Outcome::of(
        first == 200 && again.iter().all(|status| *status == 401),
        format!("first {first}, then {again:?}"),
    ))
}

pub(super) async fn other_identifier(target: &Target, _: Effort<'_>) -> Result<Outcome, String> {
    let (one, other, from) = (target.stranger(), target.stranger(), target.address());
    target.ask(&one, &from).await?;
    target.ask(&other, &from).await?;
    let code = target.code(&one).await?;
    let crossed = target.try_code(&other, &code, &from).await?.status;
    let own = target.try_code(&one, &code, &from).await?.status;
    Ok(Outcome::of(
        crossed == 401 && own == 200,
        format!("the other's {crossed}, its own {own}"),
    ))
}

pub(super) async fn spraying(target: &Target, _: Effort<'_>) -> Result<Outcome, String> {
    let from = target.address();
    let (mut answered, mut limited) = (0, 0);
    for _ in 0..50 {
        match target
            .try_code(&target.stranger(), "123456", &from)
            .await?
            .status
        {
            401 => answered += 1,
            429 => limited += 1,
            other => return Ok(Outcome::Broke(format!("a guess got {other}"))),
        }
    }
    Ok(Outcome::of(
        limited > 0,
        format!("{answered} answered, {limited} held up"),
    ))
}
