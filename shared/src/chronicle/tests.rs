//! Stories of changes written out by hand.
