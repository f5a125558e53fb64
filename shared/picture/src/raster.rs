//! Pixels in memory: cut square, scaled, turned upright.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{U8, U8x2, U8x3, U8x4};
use fast_image_resize::{MulDiv, PixelTrait, ResizeOptions, Resizer};
use image::DynamicImage;
use image::metadata::Orientation;

use crate::{Decoded, Refusal, buffer};

/// What the samples of one pixel are, eight bits each; colour is not premultiplied by alpha.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pixels {
    Grey,
    GreyAlpha,
    Rgb,
    Rgba,
}

impl Pixels {
    pub(crate) fn channels(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }

    /// One pixel of this layout with four samples.
    fn rgba(self, pixel: &[u8]) -> [u8; 4] {
        match (self, pixel) {
            (Self::Rgba, &[red, green, blue, alpha]) => [red, green, blue, alpha],
            (Self::Rgb, &[red, green, blue]) => [red, green, blue, u8::MAX],
            (Self::GreyAlpha, &[grey, alpha]) => [grey, grey, grey, alpha],
            (Self::Grey, &[grey]) => [grey, grey, grey, u8::MAX],
            _ => [0; 4],
        }
    }

    fn has_alpha(self) -> bool {
        matches!(self, Self::GreyAlpha | Self::Rgba)
    }
}

/// Where the first frame of an animation is on its canvas; always within it.
pub(crate) struct Place {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) left: u32,
    pub(crate) top: u32,
}

impl Place {
    /// Whether a frame of this size is all of the canvas.
    fn is_all(&self, width: u32, height: u32) -> bool {
        (self.width, self.height) == (width, height)
    }

    /// The bytes that [`Raster::placed`] allocates.
    pub(crate) fn memory(&self, width: u32, height: u32) -> u64 {
        if self.is_all(width, height) {
            return 0;
        }
        4 * u64::from(self.square().side).pow(2)
    }

    /// The centred square of the canvas.
    fn square(&self) -> Square {
        Square::centred(self.width, self.height)
    }
}

/// A square within a picture.
struct Square {
    left: u32,
    top: u32,
    side: u32,
}

impl Square {
    fn centred(width: u32, height: u32) -> Self {
        let side = width.min(height);
        Self {
            left: (width - side) / 2,
            top: (height - side) / 2,
            side,
        }
    }
}

/// Rows of pixels, top to bottom, without gaps.
#[derive(Clone, Debug)]
pub(crate) struct Raster {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) layout: Pixels,
    pub(crate) samples: Vec<u8>,
}

impl Raster {
    /// # Errors
    /// [`Refusal::Broken`] where there are not exactly as many samples as pixels ask for.
    pub(crate) fn new(
        width: u32,
        height: u32,
        layout: Pixels,
        samples: Vec<u8>,
    ) -> Result<Self, Refusal> {
        let expected = u64::from(width) * u64::from(height) * layout.channels() as u64;
        if samples.len() as u64 != expected {
            return Err(Refusal::Broken);
        }
        Ok(Self {
            width,
            height,
            layout,
            samples,
        })
    }

    /// The centred square of a canvas with this raster in its place, transparent around it; itself where it is all of
    /// the canvas.
    pub(crate) fn placed(self, place: &Place) -> Result<Self, Refusal> {
        if place.is_all(self.width, self.height) {
            return Ok(self);
        }
        let Square { left, top, side } = place.square();
        let mut samples = buffer(place.memory(self.width, self.height))?;
        let channels = self.layout.channels();
        let first = left.max(place.left);
        let end = (left + side).min(place.left + self.width);
        if first < end {
            let columns = (end - first) as usize;
            for y in top.max(place.top)..(top + side).min(place.top + self.height) {
                let from =
                    (y - place.top) as usize * self.width as usize + (first - place.left) as usize;
                let to = (y - top) as usize * side as usize + (first - left) as usize;
                let source = self.samples[from * channels..].chunks_exact(channels);
                let target = samples[to * 4..].chunks_exact_mut(4);
                for (target, source) in target.zip(source).take(columns) {
                    target.copy_from_slice(&self.layout.rgba(source));
                }
            }
        }
        Self::new(side, side, Pixels::Rgba, samples)
    }

    /// The centred square, `side` pixels wide and high. The alpha of the result weighs its colours: what is
    /// transparent does not bleed into what is not.
    fn into_square(mut self, side: u32) -> Result<Self, Refusal> {
        let samples = match self.layout {
            Pixels::Grey => self.scaled::<U8>(side),
            Pixels::Rgb => self.scaled::<U8x3>(side),
            Pixels::GreyAlpha => self.scaled_with_alpha::<U8x2>(side),
            Pixels::Rgba => self.scaled_with_alpha::<U8x4>(side),
        }?;
        Self::new(side, side, self.layout, samples)
    }

    /// The samples of the centred square, scaled.
    fn scaled<P: PixelTrait>(&self, side: u32) -> Result<Vec<u8>, Refusal> {
        let source = TypedImageRef::<P>::from_buffer(self.width, self.height, &self.samples)
            .map_err(|_| Refusal::Broken)?;
        let mut samples = vec![0; side as usize * side as usize * self.layout.channels()];
        let mut target =
            TypedImage::<P>::from_buffer(side, side, &mut samples).map_err(|_| Refusal::Broken)?;
        let square = Square::centred(self.width, self.height);
        let options = ResizeOptions::new().use_alpha(false).crop(
            square.left.into(),
            square.top.into(),
            square.side.into(),
            square.side.into(),
        );
        Resizer::new()
            .resize_typed(&source, &mut target, &options)
            .map_err(|_| Refusal::Broken)?;
        Ok(samples)
    }

    /// The same, with colours that are weighed by their alpha; done in place, so that no second picture is needed.
    fn scaled_with_alpha<P: PixelTrait>(&mut self, side: u32) -> Result<Vec<u8>, Refusal> {
        let mut source = TypedImage::<P>::from_buffer(self.width, self.height, &mut self.samples)
            .map_err(|_| Refusal::Broken)?;
        MulDiv::new()
            .multiply_alpha_inplace_typed(&mut source)
            .map_err(|_| Refusal::Broken)?;
        let mut samples = self.scaled::<P>(side)?;
        let mut target =
            TypedImage::<P>::from_buffer(side, side, &mut samples).map_err(|_| Refusal::Broken)?;
        MulDiv::new()
            .divide_alpha_inplace_typed(&mut target)
            .map_err(|_| Refusal::Broken)?;
        Ok(samples)
    }

    /// Turned and mirrored as the EXIF orientation asks for.
    fn upright(self, orientation: Orientation) -> Result<Self, Refusal> {
        let (width, height, layout, samples) = (self.width, self.height, self.layout, self.samples);
        let mut picture = match layout {
            Pixels::Grey => {
                image::GrayImage::from_raw(width, height, samples).map(DynamicImage::from)
            }
            Pixels::GreyAlpha => {
                image::GrayAlphaImage::from_raw(width, height, samples).map(DynamicImage::from)
            }
            Pixels::Rgb => {
                image::RgbImage::from_raw(width, height, samples).map(DynamicImage::from)
            }
            Pixels::Rgba => {
                image::RgbaImage::from_raw(width, height, samples).map(DynamicImage::from)
            }
        }
        .ok_or(Refusal::Broken)?;
        picture.apply_orientation(orientation);
        Self::new(
            picture.width(),
            picture.height(),
            layout,
            picture.into_bytes(),
        )
    }

    /// Without its alpha channel, where that says nothing.
    fn without_needless_alpha(mut self) -> Self {
        let opaque = |pixel: &[u8]| pixel.last() == Some(&u8::MAX);
        let channels = self.layout.channels();
        if self.layout.has_alpha() && self.samples.chunks_exact(channels).all(opaque) {
            self.layout = match self.layout {
                Pixels::GreyAlpha => Pixels::Grey,
                _ => Pixels::Rgb,
            };
            let colours = self
                .samples
                .chunks_exact(channels)
                .flat_map(|pixel| &pixel[..channels - 1]);
            self.samples = colours.copied().collect();
        }
        self
    }

    /// Whether anything shows through.
    pub(crate) fn is_opaque(&self) -> bool {
        !self.layout.has_alpha()
    }
}

impl Decoded {
    /// The centred squares of these sides, upright, in sRGB, all with the same layout.
    pub(crate) fn into_squares(self, sides: &[u32]) -> Result<Vec<Raster>, Refusal> {
        // Cut and scaled before anything else, so that only this first step works on the large picture. The centred
        // square stays the same however one turns it.
        let largest = sides.iter().copied().max().unwrap_or(1);
        let short = self.raster.width.min(self.raster.height);
        let mut base = self.raster.into_square(short.min(largest))?;
        base = base.upright(self.orientation)?;
        if let Some(space) = self.space {
            space.to_srgb(&mut base.samples, base.layout.channels());
        }
        base = base.without_needless_alpha();
        sides
            .iter()
            .map(|&side| base.clone().into_square(side))
            .collect()
    }
}
