//! Sixty clients at once, over and over.
//!
//! The functions give up on a store that takes longer than 0.8 s, and sixty requests in one unoptimised process can
//! take a busy machine that long. They are then refused with 503, closed as they must be: what may never happen is
//! checked in every round, who wins in those without such a refusal.

use tests::Answer;

/// How many clean rounds are wanted, and how many are tried for them. A machine that manages none has still checked
/// in each what may never happen.
const WANTED: usize = 4;
const TRIED: usize = 8;

/// Counts the rounds of a race.
#[derive(Default)]
pub(crate) struct Rounds {
    run: usize,
    clean: usize,
}

impl Rounds {
    /// The number of the next round; `None` when there were enough clean ones.
    pub(crate) fn next(&mut self) -> Option<usize> {
        if self.clean == WANTED || self.run == TRIED {
            return None;
        }
        self.run += 1;
        Some(self.run)
    }

    /// Whether nobody was refused for slowness.
    pub(crate) fn is_clean(&mut self, answers: &[Answer]) -> bool {
        let clean = answers.iter().all(|answer| answer.status != 503);
        self.clean += usize::from(clean);
        clean
    }
}
