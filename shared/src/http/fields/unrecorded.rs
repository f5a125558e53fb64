//! Without the feature `document` nothing is written down.

use std::ops::RangeInclusive;

/// A value that a field can hold: any.
pub trait Described {}

impl<T> Described for T {}

#[derive(Clone, Debug, Default)]
pub(crate) struct Record;

impl Record {
    pub(super) fn text<T: Described>(&self, _: &'static str, _: bool) {}

    pub(super) fn nullable<T: Described>(&self, _: &'static str) {}

    pub(super) fn whole(&self, _: &'static str, _: &RangeInclusive<u64>, _: Option<u64>) {}

    pub(super) fn required_whole(&self, _: &'static str, _: &RangeInclusive<u64>) {}

    pub(super) fn flag(&self, _: &'static str) {}
}
