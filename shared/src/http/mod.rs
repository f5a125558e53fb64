//! The desk: extractors, answers, problems.
