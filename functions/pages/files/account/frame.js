// Which square of a picture is kept: pure numbers, in pixels of the picture.

export const MOST_ZOOM = 5;

/** The largest square, in the middle. */
export function largest(width, height) {
  const side = Math.min(width, height);
  return inside({ width, height, side, x: (width - side) / 2, y: (height - side) / 2 });
}

/** The same place, shifted. */
export const shifted = (frame, right, down) => inside({ ...frame, x: frame.x + right, y: frame.y + down });

/** The same middle, `zoom` times as near as the largest square. */
export function zoomed(frame, zoom) {
  const near = Math.min(MOST_ZOOM, Math.max(1, zoom));
  const side = Math.min(frame.width, frame.height) / near;
  const grown = (side - frame.side) / 2;
  return inside({ ...frame, side, x: frame.x - grown, y: frame.y - grown });
}

export const zoomOf = (frame) => Math.min(frame.width, frame.height) / frame.side;

function inside(frame) {
  const held = (value, most) => Math.min(Math.max(value, 0), Math.max(0, most));
  return { ...frame, x: held(frame.x, frame.width - frame.side), y: held(frame.y, frame.height - frame.side) };
}
