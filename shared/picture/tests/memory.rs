//! What hostile and large pictures take of memory, by the allocator's own count (THREATS.md, H03).

#[path = "../src/samples/mod.rs"]
#[expect(dead_code, unused_imports, reason = "what other tests need")]
mod samples;

use allocation_counter::measure;
use picture::{Picture, Refusal};

/// What decoding took at most at one time, the file itself included, and what became of it.
fn peak(bytes: &[u8]) -> (u64, Result<Picture, Refusal>) {
    let mut outcome = None;
    let counted = measure(|| outcome = Some(Picture::read(bytes)));
    let outcome = outcome.expect("the closure has run");
    (counted.bytes_max + bytes.len() as u64, outcome)
}

#[test]
fn no_bomb_takes_128_mb() {
    for bomb in samples::bombs() {
        let (peak, outcome) = peak(&bomb.bytes);
        assert!(peak < 128_000_000, "{}: {peak} bytes", bomb.name);
        assert_eq!(outcome.is_err(), bomb.refused, "{}", bomb.name);
        let beside = peak - bomb.bytes.len() as u64;
        assert!(
            !bomb.refused || beside < 16_000_000,
            "{}: {beside} bytes",
            bomb.name
        );
    }
}

#[test]
fn groups_of_codes_are_refused_where_their_tables_pass_the_budget() {
    for file in [samples::webp_groups, samples::webp_alpha_groups] {
        let mut refused = 0;
        for groups in [1, 257, 4_000, 12_000, 16_000, 65_536] {
            let (peak, outcome) = peak(&file(groups));
            assert!(peak < 128_000_000, "{groups} groups: {peak} bytes");
            match outcome {
                Ok(_) => assert_eq!(refused, 0, "{groups} groups, where fewer were refused"),
                Err(refusal) => {
                    assert_eq!(refusal, Refusal::TooCostly, "{groups} groups");
                    refused += 1;
                }
            }
        }
        assert!((1..4).contains(&refused), "{refused} were refused");
    }
}
