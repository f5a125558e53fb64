//! Peak memory, by the allocator's own count, and milliseconds: a camera's photo, the largest pictures that are
//! accepted, and each bomb of THREATS.md H03.
//!
//! `cargo bench -p picture`; it ends with an error where a bound is passed. `cargo bench -p picture -- FILE…` does the
//! same with files.
#![expect(clippy::print_stdout, reason = "a bench tells its figures")]

#[path = "../src/samples/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "what the tests need and the bench does not"
)]
mod samples;

use std::process::ExitCode;
use std::time::Instant;

use allocation_counter::measure;
use picture::Picture;

/// What the file and everything made of it may take at one time, in bytes.
const MEMORY: u64 = 128_000_000;

/// What a refusal may take, in milliseconds.
const REFUSAL: u128 = 200;

/// What anything may take, in milliseconds.
const LONGEST: u128 = 2_000;

fn main() -> ExitCode {
    let files: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| arg != "--bench")
        .collect();
    println!(
        "{:<44} {:>10} {:>10} {:>8}  outcome",
        "", "input", "peak", "ms"
    );
    let good = if files.is_empty() {
        samples()
    } else {
        given(&files)
    };
    ExitCode::from(u8::from(!good))
}

fn samples() -> bool {
    let (width, height) = (4_096, 3_072);
    let mut upload = samples::jpeg(4_032, 3_024);
    upload.resize(20 * 1024 * 1024, 0);
    let pictures: Vec<(&str, Vec<u8>)> = vec![
        (
            "JPEG, 12 megapixels (4000 x 3000)",
            samples::jpeg(4_000, 3_000),
        ),
        ("JPEG, 4032 x 3024, 20 MiB", upload),
        (
            "JPEG, the limit (4096 x 3072)",
            samples::jpeg(width, height),
        ),
        (
            "JPEG, progressive 4:4:4, the limit",
            samples::jpeg_progressive(4_096, 3_072, 3),
        ),
        ("PNG, RGBA, the limit", samples::png(width, height)),
        ("PNG, RGBA 16 bit, the limit", deep(width, height)),
        (
            "WebP, lossless with alpha, the limit",
            samples::webp(width, height),
        ),
        ("GIF, 4000 x 3000", samples::gif(4_000, 3_000, 1)),
    ];
    let mut good = true;
    for (name, bytes) in pictures {
        good &= row(name, &bytes, Some(false));
    }
    for bomb in samples::bombs() {
        good &= row(
            &format!("bomb: {}", bomb.name),
            &bomb.bytes,
            Some(bomb.refused),
        );
    }
    good
}

fn given(files: &[String]) -> bool {
    let mut good = true;
    for file in files {
        match std::fs::read(file) {
            Ok(bytes) => good &= row(file, &bytes, None),
            Err(error) => {
                println!("{file}: {error}");
                good = false;
            }
        }
    }
    good
}

/// One row of the table; whether it keeps the bounds and ends as expected.
fn row(name: &str, bytes: &[u8], refused: Option<bool>) -> bool {
    let mut outcome = None;
    let mut millis = 0;
    let counted = measure(|| {
        let start = Instant::now();
        outcome = Some(Picture::read(bytes));
        millis = start.elapsed().as_millis();
    });
    let peak = counted.bytes_max + bytes.len() as u64;
    let was_refused = matches!(outcome, Some(Err(_)));
    let told = match outcome {
        Some(Ok(picture)) => {
            let sizes = picture.renditions().iter();
            let sizes = sizes.map(|r| format!("{} KB", r.bytes.len() / 1_000));
            format!(
                "{} {}",
                picture.encoding().extension(),
                sizes.collect::<Vec<_>>().join(", ")
            )
        }
        Some(Err(refusal)) => refusal.to_string(),
        None => String::new(),
    };
    println!(
        "{name:<44} {:>10} {:>10} {millis:>8}  {told}",
        mb(bytes.len() as u64),
        mb(peak)
    );
    peak < MEMORY
        && millis <= if was_refused { REFUSAL } else { LONGEST }
        && refused.is_none_or(|refused| refused == was_refused)
}

fn mb(bytes: u64) -> String {
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
