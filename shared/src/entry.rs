//! Where Lambda hands an event in and takes the answer out.
