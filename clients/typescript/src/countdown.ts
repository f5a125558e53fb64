/**
 * Calls back with the whole seconds that are left: at once, each second, and at 0. It counts to a moment, not in steps, so a
 * tab that slept is right when it wakes.
 */
export function countdown(seconds: number, onTick: (left: number) => void, signal?: AbortSignal): () => void {
  const end = Date.now() + seconds * 1000;
  const page = typeof document === "undefined" ? null : document;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = () => {
    clearTimeout(timer);
    page?.removeEventListener("visibilitychange", tick);
    signal?.removeEventListener("abort", stop);
  };
  const tick = () => {
    clearTimeout(timer);
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    if (left === 0) stop();
    else timer = setTimeout(tick, Math.max(1, end - Date.now() - (left - 1) * 1000));
    onTick(left);
  };
  if (signal?.aborted) return stop;
  page?.addEventListener("visibilitychange", tick);
  signal?.addEventListener("abort", stop);
  tick();
  return stop;
}
