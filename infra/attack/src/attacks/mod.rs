//! The attacks, each with what it expects; the ids are those of docs/SECURITY.md.

mod cookies;
mod enumeration;
mod flooding;
mod guessing;
mod pages;

use std::future::Future;
use std::pin::Pin;

use crate::progress::Progress;
use crate::target::Target;

/// What came of an attack.
pub(crate) enum Outcome {
    /// The service did as it should.
    Held(String),
    /// It did not.
    Broke(String),
    /// It was not tried, and why.
    Skipped(&'static str),
}

impl Outcome {
    /// Held or broke, with the same words for both.
    pub(crate) fn of(held: bool, detail: impl Into<String>) -> Self {
        if held {
            Self::Held(detail.into())
        } else {
            Self::Broke(detail.into())
        }
    }
}

type Running<'a> = Pin<Box<dyn Future<Output = Result<Outcome, String>> + Send + 'a>>;

/// How much of a measurement is wanted, and where it tells how far it is.
#[derive(Clone, Copy)]
pub(crate) struct Effort<'a> {
    /// Requests of each kind for the timing comparison.
    pub(crate) samples: usize,
    pub(crate) progress: &'a Progress,
}

impl Effort<'_> {
    fn at(self, sample: usize) {
        self.progress.is_at(sample, self.samples);
    }
}

/// One attack.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    pub(crate) rows: &'static str,
    /// It needs a local cloud, to read the codes or to move the clock.
    local: bool,
    run: for<'a> fn(&'a Target, Effort<'a>) -> Running<'a>,
}

impl Attack {
    pub(crate) async fn run<'a>(
        &self,
        target: &'a Target,
        effort: Effort<'a>,
    ) -> Result<Outcome, String> {
        if self.local && !target.local {
            return Ok(Outcome::Skipped("needs a local cloud's outbox or clock"));
        }
        (self.run)(target, effort).await
    }
}

macro_rules! attacks {
    ($($rows:literal $name:literal $(($local:ident))? $run:path;)*) => {
        /// All of them, in the order in which they are tried.
        pub(crate) static ATTACKS: &[Attack] = &[$(Attack {
            name: $name,
            rows: $rows,
            local: attacks!(@local $($local)?),
            run: |target, effort| Box::pin($run(target, effort)),
        }),*];
    };
    (@local) => { false };
    (@local local) => { true };
}

attacks! {
    "A02" "60 wrong codes at once" (local) guessing::parallel_guesses;
    "A03" "60 right codes at once" (local) guessing::parallel_right_codes;
    "A05 A06" "a resend gives no attempts back" (local) guessing::resend_multiplication;
    "A09" "a used code again" (local) guessing::reuse;
    "A12" "a code for another identifier" (local) guessing::other_identifier;
    "A07" "one guess each for many identifiers" guessing::spraying;
    "C01 C02" "known and unknown: the same bytes" (local) enumeration::bytes;
    "C03" "known and unknown: the same time" (local) enumeration::timing;
    "A22" "no answer holds a code" (local) enumeration::leaks;
    "B02" "60 requests at once send one message" (local) flooding::parallel_requests;
    "B03" "plus-tags share a mailbox's day" flooding::plus_tags;
    "B05" "one caller, many identifiers" flooding::one_caller;
    "B06" "forged addresses" flooding::forged_addresses;
    "G12" "the session cookie from another site" (local) cookies::forged_origin;
    "G07 G14" "forged session cookies" cookies::forged_cookie;
    "G14" "a sign-in over a planted cookie" (local) cookies::fixation;
    "O01" "a sign-in page that leads elsewhere" pages::open_redirect;
    "D05 D06" "hostile identifiers" flooding::hostile_identifiers;
}
