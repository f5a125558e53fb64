//! What must be counted, by what was done and answered.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use shared::store::statistics::day;

use crate::Item;

/// The figures of codes, in the order of the API.
pub(crate) const FIGURES: [&str; 6] = [
    "requested",
    "sent",
    "delivered",
    "verified",
    "failed",
    "limited",
];

/// A ledger of what happened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    /// By day and channel.
    pub(crate) otp: BTreeMap<(Date, &'static str), [i64; 6]>,
    /// The items of people who were erased, as they were just before.
    pub(crate) gone: Vec<Item>,
    /// Sign-ins that were let in.
    pub(crate) let_in: u64,
    /// People who were erased.
    pub(crate) erased: u64,
}

impl Book {
    /// One step of one figure.
    pub(crate) fn count(&mut self, at: Timestamp, channel: &'static str, figure: &str) {
        let place = FIGURES.iter().position(|known| *known == figure);
        let place = place.unwrap_or_else(|| panic!("no figure {figure}"));
        self.otp.entry((day(at), channel)).or_default()[place] += 1;
    }

    /// Adds another page.
    pub(crate) fn add(&mut self, other: Self) {
        for (place, figures) in other.otp {
            let sums = self.otp.entry(place).or_default();
            for (sum, figure) in sums.iter_mut().zip(figures) {
                *sum += figure;
            }
        }
        self.gone.extend(other.gone);
        self.let_in += other.let_in;
        self.erased += other.erased;
    }

    /// The sum of one figure.
    pub(crate) fn sum(&self, figure: &str) -> i64 {
        let place = FIGURES.iter().position(|known| *known == figure);
        let place = place.unwrap_or_default();
        self.otp.values().map(|figures| figures[place]).sum()
    }
}
