//! Pictures good, odd and hostile (THREATS.md section 8).

#![expect(clippy::cast_possible_truncation, reason = "small pictures")]

use image::metadata::Orientation;

use super::*;

fn read(bytes: &[u8]) -> Picture {
    Picture::read(bytes).expect("an acceptable picture")
}

/// The largest rendition, decoded by the `image` crate.
fn seen(picture: &Picture) -> image::RgbaImage {
    let largest = picture.renditions().last().expect("three renditions");
    image::load_from_memory(&largest.bytes)
        .expect("we write what others read")
        .into_rgba8()
}

/// Which quadrants one sees, row by row: red, green, blue, yellow.
fn quadrants(picture: &Picture) -> String {
    let image = seen(picture);
    let (near, far) = (image.width() / 4, image.width() * 3 / 4);
    [(near, near), (far, near), (near, far), (far, far)]
        .map(|(x, y)| match image.get_pixel(x, y).0 {
            [150..=255, 0..=80, 0..=80, _] => 'R',
            [0..=80, 150..=255, 0..=80, _] => 'G',
            [0..=80, 0..=80, 150..=255, _] => 'B',
            [150..=255, 150..=255, 0..=80, _] => 'Y',
            other => panic!("no colour of a sample: {other:?}"),
        })
        .into_iter()
        .collect()
}

/// The names of the segments or chunks of a rendition, by a walk of our own over the file.
fn anatomy(rendition: &Rendition) -> Vec<String> {
    let bytes = &rendition.bytes;
    let mut names = Vec::new();
    match rendition.encoding {
        Encoding::Jpeg => {
            let mut at = 2;
            loop {
                assert_eq!(bytes[at], 0xff);
                let marker = bytes[at + 1];
                names.push(format!("{marker:02x}"));
                at += 2 + usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
                if marker == 0xda {
                    let end = bytes[at..].windows(2).position(|w| w == [0xff, 0xd9]);
                    assert_eq!(end, Some(bytes.len() - at - 2), "nothing behind the end");
                    return names;
                }
            }
        }
        Encoding::WebP => {
            let mut at = 12;
            while at < bytes.len() {
                names.push(String::from_utf8_lossy(&bytes[at..at + 4]).into_owned());
                let length = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
                at += 8 + length + length % 2;
            }
            names
        }
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

#[test]
fn every_format_gives_three_squares() {
    let cases = [
        (samples::jpeg(300, 200), Encoding::Jpeg),
        (samples::png(300, 200), Encoding::WebP),
        (samples::webp(300, 200), Encoding::WebP),
        (samples::gif(300, 200, 1), Encoding::Jpeg),
        (samples::jpeg(1, 1), Encoding::Jpeg),
        (samples::jpeg(2000, 3), Encoding::Jpeg),
        (samples::png(900, 1300), Encoding::WebP),
    ];
    for (n, (bytes, encoding)) in cases.iter().enumerate() {
        let picture = read(bytes);
        assert_eq!(picture.encoding(), *encoding, "case {n}");
        let sides: Vec<u32> = picture.renditions().iter().map(|r| r.side).collect();
        assert_eq!(sides, SIZES);
        for rendition in picture.renditions() {
            let image = image::load_from_memory(&rendition.bytes).unwrap();
            assert_eq!(
                (image.width(), image.height()),
                (rendition.side, rendition.side)
            );
        }
    }
}

#[test]
fn the_square_is_cut_from_the_middle() {
    for (width, height) in [(900, 300), (300, 900), (640, 640)] {
        assert_eq!(quadrants(&read(&samples::jpeg(width, height))), "RGBY");
    }
    // A wide picture keeps its middle third: of three bands only the one in the middle is seen.
    let bands = image::RgbImage::from_fn(900, 300, |x, _| match x / 300 {
        1 => image::Rgb([0, 255, 0]),
        _ => image::Rgb([255, 0, 0]),
    });
    let mut file = std::io::Cursor::new(Vec::new());
    bands.write_to(&mut file, image::ImageFormat::Png).unwrap();
    let image = seen(&read(file.get_ref()));
    for x in [2, 256, 509] {
        assert!(image.get_pixel(x, 256).0[1] > 240, "column {x}");
    }
}

#[test]
fn all_eight_orientations_end_upright() {
    // What a viewer shows of red, green / blue, yellow, by the EXIF standard (CIPA DC-008, tag 274).
    let upright = [
        "RGBY", "GRYB", "YBGR", "BYRG", "RBGY", "BRYG", "YGBR", "GYRB",
    ];
    for (orientation, expected) in (1..).zip(upright) {
        let jpeg = samples::jpeg_with(320, 200, &[samples::exif_segment(orientation)]);
        assert_eq!(
            quadrants(&read(&jpeg)),
            expected,
            "JPEG, orientation {orientation}"
        );

        let mut png = samples::png(200, 320);
        let exif = samples::chunk(b"eXIf", &samples::exif(orientation));
        png.splice(33..33, exif);
        let image = decode(&png).unwrap();
        assert_eq!(
            image.orientation,
            Orientation::from_exif(orientation as u8).unwrap()
        );
    }
}

#[test]
fn no_metadata_gets_through() {
    let xmp = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>secret</x:xmpmeta>".to_vec();
    let iptc = b"Photoshop 3.0\08BIM\x04\x04secret".to_vec();
    let icc = [
        b"ICC_PROFILE\0\x01\x01".to_vec(),
        moxcms::ColorProfile::new_display_p3().encode().unwrap(),
    ]
    .concat();
    let jpeg = samples::jpeg_with(
        128,
        128,
        &[
            samples::exif_segment(6),
            (0xe1, xmp),
            (0xe2, icc),
            (0xed, iptc),
            (0xfe, b"a comment, secret".to_vec()),
        ],
    );
    assert!(contains(&jpeg, b"GPS 52.5") && contains(&jpeg, b"THUMBNAIL"));
    let still = samples::webp(64, 64);
    let webp = samples::riff(&[
        (b"VP8X", vec![0x3c, 0, 0, 0, 63, 0, 0, 63, 0, 0]),
        (
            b"ICCP",
            moxcms::ColorProfile::new_display_p3().encode().unwrap(),
        ),
        (b"VP8L", still[20..].to_vec()),
        (b"EXIF", samples::exif(1)),
        (b"XMP ", b"<x:xmpmeta>secret</x:xmpmeta>".to_vec()),
    ]);
    let mut png = samples::png(64, 64);
    png.splice(33..33, samples::chunk(b"tEXt", b"Comment\0secret"));
    for bytes in [jpeg, webp, png] {
        for rendition in read(&bytes).renditions() {
            let allowed: &[&str] = match rendition.encoding {
                Encoding::Jpeg => &["e0", "db", "c0", "c4", "da"],
                Encoding::WebP => &["VP8L"],
            };
            let names = anatomy(rendition);
            assert!(
                names.iter().all(|name| allowed.contains(&name.as_str())),
                "{names:?}"
            );
            for trace in [
                &b"Exif"[..],
                b"MM\0*",
                b"GPS",
                b"xmp",
                b"secret",
                b"8BIM",
                b"ICC_",
                b"THUMB",
            ] {
                assert!(
                    !contains(&rendition.bytes, trace),
                    "{:?}",
                    String::from_utf8_lossy(trace)
                );
            }
        }
    }
}

#[test]
fn what_stands_behind_or_beside_the_picture_is_gone() {
    let tails = [
        [samples::jpeg(64, 64), b"PK\x03\x04evil.zip".to_vec()].concat(),
        [samples::png(64, 64), b"<script>evil()</script>".to_vec()].concat(),
        [samples::gif(64, 64, 1), b";evil()//".to_vec()].concat(),
    ];
    for bytes in tails {
        for rendition in read(&bytes).renditions() {
            assert!(!contains(&rendition.bytes, b"evil"));
        }
    }
    let script = b"GIF89a/*\x01\x01\0\0\0*/=1;alert(1)//".to_vec();
    assert!(Picture::read(&script).is_err());
}

#[test]
fn what_is_no_picture_is_refused_by_content() {
    let others: [&[u8]; 6] = [
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<!doctype html><html>",
        b"%PDF-1.7\n",
        b"BM\x36\0\0\0",
        b"hello",
        &[0; 64],
    ];
    for bytes in others {
        assert_eq!(Picture::read(bytes), Err(Refusal::NotAPicture));
    }
    assert_eq!(Picture::read(b""), Err(Refusal::Broken));
}

#[test]
fn a_truncated_file_is_broken_wherever_it_ends() {
    let files = [
        samples::jpeg(64, 48),
        samples::png(64, 48),
        samples::webp(64, 48),
        samples::gif(64, 48, 1),
    ];
    for file in files {
        // A GIF's last bytes, the end of its data and its trailer, say nothing about the pixels.
        let longest = if file.starts_with(b"GIF") {
            file.len() - 4
        } else {
            file.len()
        };
        for keep in (0..longest).step_by(7).chain([longest - 1]) {
            let refusal = decode(&file[..keep]).err();
            assert_eq!(refusal, Some(Refusal::Broken), "{keep} of {}", file.len());
        }
    }
}

#[test]
fn a_wrong_checksum_is_broken() {
    let mut png = samples::png(64, 64);
    let data = png.windows(4).position(|w| w == b"IDAT").unwrap();
    let length = u32::from_be_bytes(png[data - 4..data].try_into().unwrap()) as usize;
    png[data + 4 + length] ^= 1;
    assert_eq!(Picture::read(&png), Err(Refusal::Broken));
}

#[test]
fn bombs_are_refused_by_their_headers() {
    let header_only = samples::png_of(30_000, 30_000, 1, 0, &[], &[]);
    let mut wide_gif = samples::gif(8, 8, 1);
    wide_gif[6..10].copy_from_slice(&[0xff; 4]);
    let bombs = [
        header_only,
        samples::png_of(1, 12 * 1024 * 1024, 8, 6, &[], &[]),
        samples::png_of(0, 10, 8, 2, &[], &[]),
        samples::jpeg_wide(),
        wide_gif,
        samples::webp_bomb(),
        samples::webp_hidden_bomb(),
    ];
    for (n, bytes) in bombs.iter().enumerate() {
        assert_eq!(
            Picture::read(bytes),
            Err(Refusal::TooManyPixels),
            "bomb {n}"
        );
    }
}

#[test]
fn memory_has_a_budget_beside_the_pixels() {
    assert!(decode(&samples::jpeg_progressive(320, 200, 3)).is_ok());
    assert!(decode(&samples::jpeg_progressive(320, 200, 4)).is_ok());
    // Four components of 12 megapixels are 96 MB of coefficients and 36 MB of pixels.
    let cmyk = samples::jpeg_progressive(4_096, 3_072, 4);
    assert!(cmyk.len() < 100_000);
    assert_eq!(decode(&cmyk).err(), Some(Refusal::TooCostly));
    let mut padded = samples::jpeg_progressive(4_096, 3_072, 3);
    padded.resize(24 << 20, 0);
    assert_eq!(decode(&padded).err(), Some(Refusal::TooCostly));
}

#[test]
fn the_limit_of_pixels_is_exact() {
    assert_eq!(check_size(4_096, 3_072), Ok(MAX_PIXELS));
    assert_eq!(
        check_size(4_032, 3_024),
        Ok(12_192_768),
        "what cameras call 12 megapixels"
    );
    assert_eq!(check_size(4_097, 3_072), Err(Refusal::TooManyPixels));
    assert_eq!(check_size(0, 3_072), Err(Refusal::TooManyPixels));
    assert_eq!(check_size(u32::MAX, u32::MAX), Err(Refusal::TooManyPixels));
}

#[test]
fn compressed_metadata_is_not_unpacked() {
    for bytes in [
        samples::png_text_bomb(64 << 20),
        samples::png_profile_bomb(64 << 20),
    ] {
        let picture = read(&bytes);
        assert!(picture.renditions().iter().all(|r| r.bytes.len() < 10_000));
    }
}

#[test]
fn ten_thousand_frames_are_one() {
    let gif = samples::gif(40, 40, 10_000);
    assert_eq!(quadrants(&read(&gif)), "RGBY");
    let webp = samples::webp_animated(40, 40, 10_000);
    assert_eq!(decode(&webp).unwrap().raster.samples, samples::rgba(40, 40));
}

/// The pixels of a square canvas of this side, whose frame has one of the sample's sizes: the quadrants in place, and
/// nothing around them.
fn sticker(side: u32, corner: (u32, u32), frame: (u32, u32), opaque: bool) -> Vec<u8> {
    let within = |at: u32, from: u32, length: u32| (from..from + length).contains(&at);
    (0..side)
        .flat_map(|y| (0..side).map(move |x| (x, y)))
        .flat_map(|(x, y)| {
            if !within(x, corner.0, frame.0) || !within(y, corner.1, frame.1) {
                return [0; 4];
            }
            let (x, y) = (x - corner.0, y - corner.1);
            let [r, g, b] = match (opaque, x * 2 < frame.0, y * 2 < frame.1) {
                (false, ..) => samples::pixel(x, y, frame.0, frame.1),
                (true, true, true) => [230, 20, 20],
                (true, false, true) => [20, 200, 20],
                (true, true, false) => [20, 20, 230],
                (true, false, false) => [230, 220, 20],
            };
            [r, g, b, if opaque || x * 2 >= frame.0 { 255 } else { 96 }]
        })
        .collect()
}

#[test]
fn the_first_frame_stands_in_its_place_on_the_canvas() {
    // A canvas of 300 × 200 is cut to its middle, 200 × 200 from column 50 on.
    let canvas = (300, 200);
    for (corner, frame, cut) in [
        ((100, 50), (100, 100), ((50, 50), (100, 100))),
        ((50, 0), (200, 200), ((0, 0), (200, 200))),
        ((248, 198), (2, 2), ((198, 198), (2, 2))),
        ((60, 100), (64, 100), ((10, 100), (64, 100))),
    ] {
        let gif = samples::gif_placed(
            (canvas.0 as u16, canvas.1 as u16),
            (corner.0 as u16, corner.1 as u16),
            (frame.0 as u16, frame.1 as u16),
            2,
        );
        let webp = samples::webp_placed(canvas, corner, frame, 2);
        for (bytes, opaque) in [(gif, true), (webp, false)] {
            let raster = decode(&bytes).unwrap().raster;
            assert_eq!((raster.width, raster.height), (200, 200), "{corner:?}");
            assert!(
                raster.samples == sticker(200, cut.0, cut.1, opaque),
                "{corner:?}"
            );
        }
    }
    // The middle quarter of the canvas, seen through the whole way.
    let bytes = samples::gif_placed((100, 100), (25, 25), (50, 50), 2);
    let picture = read(&bytes);
    assert_eq!(picture.encoding(), Encoding::WebP);
    let image = seen(&picture);
    for (x, y) in [(2, 2), (509, 2), (2, 509), (509, 509), (256, 100)] {
        assert_eq!(image.get_pixel(x, y).0[3], 0);
    }
    assert_eq!(image.get_pixel(200, 200).0, [230, 20, 20, 255]);
    assert_eq!(image.get_pixel(300, 300).0, [230, 220, 20, 255]);
}

#[test]
fn a_frame_may_stand_partly_or_wholly_outside_the_square() {
    let bytes = samples::gif_placed((300, 100), (60, 0), (80, 100), 1);
    let raster = decode(&bytes).unwrap().raster;
    assert_eq!((raster.width, raster.height), (100, 100));
    let pixel = |x: usize, y: usize| &raster.samples[(y * 100 + x) * 4..][..4];
    assert_eq!(
        pixel(0, 0),
        [20, 200, 20, 255],
        "the right half of the frame"
    );
    assert_eq!(pixel(39, 99), [230, 220, 20, 255]);
    assert_eq!(pixel(40, 0), [0; 4]);
    let bytes = samples::gif_placed((300, 100), (0, 0), (80, 100), 1);
    assert!(
        decode(&bytes)
            .unwrap()
            .raster
            .samples
            .iter()
            .all(|&s| s == 0)
    );
}

#[test]
fn a_frame_beyond_the_canvas_widens_a_gif_and_breaks_a_webp() {
    let gif = samples::gif_placed((10, 10), (0, 0), (40, 40), 1);
    assert_eq!(quadrants(&read(&gif)), "RGBY");
    let gif = samples::gif_placed((10, 10), (40, 0), (40, 80), 1);
    let raster = decode(&gif).unwrap().raster;
    assert_eq!(raster.samples, sticker(80, (40, 0), (40, 80), true));
    let webp = samples::webp_placed((40, 40), (2, 0), (40, 40), 1);
    assert_eq!(decode(&webp).err(), Some(Refusal::Broken));
}

#[test]
fn an_animation_on_a_vast_canvas_stays_within_the_limits() {
    for bytes in [
        samples::gif_placed((4_096, 3_072), (2_000, 1_500), (40, 40), 1),
        samples::webp_placed((4_096, 3_072), (2_000, 1_500), (40, 40), 1),
    ] {
        let mut outcome = None;
        let counted = allocation_counter::measure(|| outcome = Some(decode(&bytes)));
        assert_eq!(outcome.unwrap().unwrap().raster.width, 3_072);
        assert!(counted.bytes_max < MEMORY_BUDGET);
    }
    for bytes in [
        samples::gif_placed((4_097, 3_072), (0, 0), (4, 4), 1),
        samples::gif_placed((4, 4), (65_000, 65_000), (4, 4), 1),
        samples::webp_placed((4_097, 3_072), (0, 0), (4, 4), 1),
    ] {
        assert_eq!(decode(&bytes).err(), Some(Refusal::TooManyPixels));
    }
}

/// A grey or coloured PNG with these chunks before its data; the samples are what `image` writes.
fn png_with(chunks: &[Vec<u8>], colour: image::ExtendedColorType, pixel: &[u8]) -> Vec<u8> {
    use image::ImageEncoder;

    let mut png = Vec::new();
    let pixels = pixel.repeat(8 * 8);
    image::codecs::png::PngEncoder::new(&mut png)
        .write_image(&pixels, 8, 8, colour)
        .unwrap();
    png.splice(33..33, chunks.concat());
    png
}

#[test]
fn a_png_is_converted_by_the_first_chunk_that_names_its_colours() {
    use image::ExtendedColorType::{L8, La8, Rgb8, Rgba8};

    let p3_points = samples::chunk(b"cICP", &[12, 13, 0, 1]);
    let unknown_points = samples::chunk(b"cICP", &[2, 2, 0, 1]);
    let narrow_points = samples::chunk(b"cICP", &[12, 13, 0, 0]);
    let srgb = samples::chunk(b"sRGB", &[0]);
    let linear = samples::chunk(b"gAMA", &100_000_u32.to_be_bytes());
    let usual = samples::chunk(b"gAMA", &45_455_u32.to_be_bytes());
    let absurd = samples::chunk(b"gAMA", &1_u32.to_be_bytes());
    let p3 = [
        31_270_u32, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000,
    ];
    let p3_primaries = samples::chunk(b"cHRM", &p3.map(u32::to_be_bytes).concat());
    let zero = samples::chunk(b"cHRM", &[0; 32]);

    let red = [200, 60, 60];
    let wide = [216, 43, 54];
    let bright = [229, 132, 132];
    for (chunks, expected) in [
        (vec![], red),
        (vec![p3_points.clone()], wide),
        (vec![p3_primaries.clone()], red),
        (vec![usual, p3_primaries.clone()], [219, 37, 48]),
        (vec![linear.clone()], bright),
        (vec![p3_points.clone(), srgb.clone(), linear.clone()], wide),
        (
            vec![srgb.clone(), linear.clone(), p3_primaries.clone()],
            red,
        ),
        (vec![unknown_points, linear.clone()], bright),
        (vec![narrow_points, srgb], red),
        (vec![absurd, p3_primaries], red),
        (vec![linear.clone(), zero], red),
    ] {
        let image = seen(&read(&png_with(&chunks, Rgba8, &[200, 60, 60, 200])));
        let [r, g, b, alpha] = image.get_pixel(256, 256).0;
        let near = [r, g, b]
            .iter()
            .zip(expected)
            .all(|(l, r)| l.abs_diff(r) <= 3);
        assert!(near && alpha == 200, "{:?}, not {expected:?}", [r, g, b]);
    }
    for (colour, pixel) in [(L8, &[60][..]), (La8, &[60, 200]), (Rgb8, &[60, 60, 60])] {
        let image = seen(&read(&png_with(
            &[linear.clone(), p3_points.clone()][..1],
            colour,
            pixel,
        )));
        assert!(
            image.get_pixel(256, 256).0[1].abs_diff(132) <= 3,
            "{colour:?}"
        );
    }
}

#[test]
fn exif_is_read_with_the_mark_of_a_jpeg_before_it() {
    let still = samples::webp(64, 64);
    for mark in [&b""[..], b"Exif\0\0"] {
        let exif = [mark, &samples::exif(6)].concat();
        let webp = samples::riff(&[
            (b"VP8X", vec![0x18, 0, 0, 0, 63, 0, 0, 63, 0, 0]),
            (b"VP8L", still[20..].to_vec()),
            (b"EXIF", exif.clone()),
        ]);
        assert_eq!(quadrants(&read(&webp)), "BRYG");
        let mut png = samples::png(64, 64);
        png.splice(33..33, samples::chunk(b"eXIf", &exif));
        assert_eq!(quadrants(&read(&png)), "BRYG");
    }
}

#[test]
fn transparency_does_not_bleed() {
    // Invisible red next to opaque green: no red may appear in what is seen.
    let image = image::RgbaImage::from_fn(640, 640, |x, _| match x % 2 {
        0 => image::Rgba([255, 0, 0, 0]),
        _ => image::Rgba([0, 255, 0, 255]),
    });
    let mut file = std::io::Cursor::new(Vec::new());
    image.write_to(&mut file, image::ImageFormat::Png).unwrap();
    for pixel in seen(&read(file.get_ref())).pixels() {
        assert!(pixel.0[3] < 16 || pixel.0[0] < 16, "{pixel:?}");
    }
}

#[test]
fn every_depth_and_colour_type_of_png_is_read() {
    for (depth, colour, channels) in [
        (1, 0, 1),
        (2, 0, 1),
        (4, 0, 1),
        (8, 0, 1),
        (16, 0, 1),
        (8, 2, 3),
        (16, 2, 3),
        (8, 4, 2),
        (16, 4, 2),
        (8, 6, 4),
        (16, 6, 4),
    ] {
        let row = 1 + (40 * channels * usize::from(depth)).div_ceil(8);
        let file = samples::png_of(40, 30, depth, colour, &[], &samples::zeros(row * 30));
        assert!(
            Picture::read(&file).is_ok(),
            "depth {depth}, colour type {colour}"
        );
    }
}

// Decoding alone, without the net that catches a panic.
#[test]
fn damaged_pictures_never_panic_and_stay_within_the_limits() {
    let mut mutations = samples::Mutations::new(1);
    let mut decoded = 0;
    for _ in 0..4_000 {
        let bytes = mutations.next();
        let mut outcome = None;
        let counted = allocation_counter::measure(|| outcome = decode(&bytes).ok());
        assert!(counted.bytes_max < MEMORY_BUDGET);
        if let Some(Decoded { raster, .. }) = outcome {
            assert!(check_size(raster.width, raster.height).is_ok());
            mutations.keep(bytes);
            decoded += 1;
        }
    }
    assert!(decoded > 400, "{decoded}: too few to tell");
}
