// The dialog in which a picture is cropped to a square: by dragging, pinching and the wheel, or by keys and a slider.

import { make } from "../parts/dom.js";
import { dialog } from "../parts/confirm.js";
import { MOST_ZOOM, largest, shifted, zoomOf, zoomed } from "./frame.js";

/** What is kept: the largest size that the service makes. */
const SIDE = 512;
const SHOWN = 640;

/** The square that the person chose, as a file, or nothing when they changed their mind. */
export function cropped(bitmap, type) {
  let frame = largest(bitmap.width, bitmap.height);
  const shown = make("canvas", { width: SHOWN, height: SHOWN });
  const small = make("canvas", { width: 128, height: 128, "aria-hidden": "true" });
  const slider = make("input", { type: "range", id: "zoom", min: 1, max: MOST_ZOOM, step: 0.05, value: 1 });
  const area = make("div", {
    class: "crop", tabindex: 0, role: "application", "aria-roledescription": "crop area",
    "aria-label": "Picture. Arrow keys move it, plus and minus zoom.",
  }, shown);

  const paint = () => {
    draw(shown, bitmap, frame);
    draw(small, bitmap, frame);
    slider.value = zoomOf(frame);
    slider.setAttribute("aria-valuetext", `${zoomOf(frame).toFixed(1)} times`);
  };
  const move = (next) => {
    frame = next;
    paint();
  };
  slider.addEventListener("input", () => move(zoomed(frame, Number(slider.value))));
  steerByKeys(area, () => frame, move);
  steerByPointers(area, () => frame, move);
  paint();

  return dialog("Crop your picture", (close) => [
    area,
    make("div", { class: "zoom" }, make("div", {}, make("label", { for: "zoom" }, "Zoom"), slider), small),
    make("div", { class: "row" },
      make("button", { type: "button", onclick: async () => close(await file(bitmap, frame, type)) }, "Use this picture"),
      make("button", { type: "button", class: "plain", onclick: () => close() }, "Cancel")),
  ]);
}

function draw(canvas, bitmap, frame) {
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, frame.x, frame.y, frame.side, frame.side, 0, 0, canvas.width, canvas.height);
}

function file(bitmap, frame, type) {
  const canvas = make("canvas", { width: SIDE, height: SIDE });
  draw(canvas, bitmap, frame);
  // A photograph stays one; what may be see-through stays that.
  const kind = type === "image/jpeg" ? type : "image/png";
  return new Promise((settle) => canvas.toBlob(settle, kind, 0.92));
}

function steerByKeys(area, frame, move) {
  area.addEventListener("keydown", (event) => {
    const step = frame().side / (event.shiftKey ? 8 : 32);
    const steps = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    const zooms = { "+": 1.1, "=": 1.1, "-": 1 / 1.1, _: 1 / 1.1 };
    if (steps[event.key]) move(shifted(frame(), ...steps[event.key]));
    else if (zooms[event.key]) move(zoomed(frame(), zoomOf(frame()) * zooms[event.key]));
    else return;
    event.preventDefault();
  });
}

function steerByPointers(area, frame, move) {
  const down = new Map();
  const spread = () => {
    const [a, b] = [...down.values()];
    return Math.hypot(a.x - b.x, a.y - b.y);
  };
  area.addEventListener("pointerdown", (event) => {
    area.setPointerCapture(event.pointerId);
    down.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  area.addEventListener("pointermove", (event) => {
    const before = down.get(event.pointerId);
    if (!before) return;
    const here = { x: event.clientX, y: event.clientY };
    const apart = down.size === 2 ? spread() : 0;
    down.set(event.pointerId, here);
    if (apart) return move(zoomed(frame(), (zoomOf(frame()) * spread()) / apart));
    const scale = frame().side / area.clientWidth;
    move(shifted(frame(), (before.x - here.x) * scale, (before.y - here.y) * scale));
  });
  for (const end of ["pointerup", "pointercancel"]) area.addEventListener(end, (event) => down.delete(event.pointerId));
  area.addEventListener("wheel", (event) => {
    event.preventDefault();
    move(zoomed(frame(), zoomOf(frame()) * Math.exp(-event.deltaY / 400)));
  }, { passive: false });
}
