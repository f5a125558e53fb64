//! Peak memory, by the allocator's own count, and milliseconds: a camera's photo, the largest pictures that are
//! accepted, and each bomb of ATTACKS.md H03.
//!
//! `cargo bench -p picture`; it ends with an error where a bound is passed.
#![expect(clippy::print_stdout, reason = "a bench tells its figures")]

#[path = "../src/samples.rs"]
#[expect(dead_code, reason = "what the tests need and the bench does not")]
mod samples;

use std::process::ExitCode;
use std::time::Instant;

use peak_alloc::PeakAlloc;
use picture::{MEMORY_BUDGET, Picture};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// What a refusal by the header may take, in milliseconds.
const REFUSAL: u128 = 200;

/// What results of 512 pixels, and rows while scaling, may take beside the budget, in bytes.
const RESULTS: u64 = 16 * 1024 * 1024;

fn main() -> ExitCode {
    let photo = samples::jpeg(4_000, 3_000);
    let largest = (4_096, 3_072);
    let mut upload = samples::jpeg(4_032, 3_024);
    upload.resize(20 * 1024 * 1024, 0);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("JPEG, 12 megapixels (4000 x 3000)", photo),
        ("JPEG, 4032 x 3024, 20 MiB", upload),
        (
            "JPEG, the limit (4096 x 3072)",
            samples::jpeg(largest.0, largest.1),
        ),
        (
            "JPEG, progressive 4:4:4, the limit",
            samples::jpeg_progressive(4_096, 3_072, 3),
        ),
        (
            "JPEG, progressive CMYK, 4000 x 3000",
            samples::jpeg_progressive(4_000, 3_000, 4),
        ),
        ("PNG, RGBA, the limit", samples::png(largest.0, largest.1)),
        ("PNG, RGBA 16 bit, the limit", deep(largest.0, largest.1)),
        (
            "WebP, lossless with alpha, the limit",
            samples::webp(largest.0, largest.1),
        ),
        ("GIF, 4000 x 3000", samples::gif(4_000, 3_000, 1)),
        (
            "bomb: PNG 30,000 x 30,000, 1 bit",
            samples::png_one_bit(30_000, 30_000),
        ),
        ("bomb: PNG, zTXt of 1 GiB", samples::png_text_bomb(1 << 30)),
        (
            "bomb: PNG, iCCP of 1 GiB",
            samples::png_profile_bomb(1 << 30),
        ),
        ("bomb: WebP 16,383 x 16,383", samples::webp_bomb()),
        (
            "bomb: WebP, 64 x 64 outside, 16,383 inside",
            samples::webp_hidden_bomb(),
        ),
        ("bomb: GIF of 10,000 frames", samples::gif(64, 64, 10_000)),
        (
            "bomb: WebP of 10,000 frames",
            samples::webp_animated(64, 64, 10_000),
        ),
    ];
    println!(
        "{:<44} {:>10} {:>10} {:>8}  outcome",
        "", "input", "peak", "ms"
    );
    let mut good = true;
    for (name, bytes) in cases {
        let before = ALLOCATOR.current_usage() - bytes.len();
        ALLOCATOR.reset_peak_usage();
        let start = Instant::now();
        let outcome = Picture::read(&bytes);
        let millis = start.elapsed().as_millis();
        let peak = ALLOCATOR.peak_usage() - before;
        let refused = outcome.is_err();
        let sizes = outcome.map(|picture| {
            let sizes = picture
                .renditions()
                .iter()
                .map(|r| format!("{} KB", r.bytes.len() / 1_000));
            format!(
                "{} {}",
                picture.encoding().extension(),
                sizes.collect::<Vec<_>>().join(", ")
            )
        });
        let outcome = sizes.unwrap_or_else(|refusal| refusal.to_string());
        println!(
            "{name:<44} {:>10} {:>10} {millis:>8}  {outcome}",
            mb(bytes.len()),
            mb(peak)
        );
        good &= peak as u64 <= MEMORY_BUDGET + RESULTS;
        // A picture is made of some bombs: what is hostile in them is passed over.
        good &= refused <= name.starts_with("bomb");
        good &= !refused || millis <= REFUSAL;
    }
    ExitCode::from(u8::from(!good))
}

fn mb(bytes: usize) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// Sixteen bits and four channels, as large as may be.
fn deep(width: u32, height: u32) -> Vec<u8> {
    let row = 1 + 8 * width as usize;
    samples::png_of(
        width,
        height,
        16,
        6,
        &[],
        &samples::zeros(row * height as usize),
    )
}
