// Keeps the view in the address, so that a link shows what its sender saw: whatever is not as it is at first.

const WRITE_AFTER_MS = 300;
const PLACE_DIGITS = { x: 1, y: 1, scale: 5 }; // the scale is shown with three figures, which are not to turn by rounding it here
// how each part of the state is written and read; what cannot be read is left as it is
const KINDS = {
  number: { write: String, read: (text) => (Number.isFinite(Number(text)) && text !== "" ? Number(text) : undefined) },
  boolean: { write: (value) => (value ? "on" : "off"), read: (text) => ({ on: true, off: false })[text] },
  string: { write: String, read: (text) => text },
};

/** Return the fragment (without #) of what in `state` differs from `defaults`, and of the camera's place. */
export function writeState(state, defaults, place) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(defaults))
    if (state[name] !== value) query.set(name, KINDS[typeof value].write(state[name]));
  if (place) query.set("look", Object.entries(PLACE_DIGITS).map(([name, digits]) => Number(place[name].toFixed(digits))).join("_"));
  return query.toString();
}

export const clamp = (value, [least, most]) => Math.min(Math.max(value, least), most);

/** Return what a fragment changes in `defaults`, within the `ranges` of numbers that have one, and the camera's place or null. */
export function readState(fragment, defaults, ranges = {}) {
  const query = new URLSearchParams(fragment.replace(/^#/, ""));
  const changes = {};
  for (const [name, value] of Object.entries(defaults)) {
    const read = query.has(name) ? KINDS[typeof value].read(query.get(name)) : undefined;
    if (read !== undefined) changes[name] = name in ranges ? clamp(read, ranges[name]) : read;
  }
  const [x, y, scale] = (query.get("look") ?? "").split("_").map(Number);
  return { changes, place: scale > 0 && Number.isFinite(x + y + scale) ? { x, y, scale } : null };
}

/** Writes the state to the address, and the look of the pictures to the links that lead to other sheets. */
export class Link {
  /** `kept` are the names of what goes along to another sheet; `links` the links that lead there. */
  constructor(defaults, kept, links) {
    this.defaults = defaults;
    this.ofOthers = Object.fromEntries(Object.entries(defaults).filter(([name]) => kept.includes(name)));
    this.links = links;
  }

  write(state, place) {
    clearTimeout(this.timer);
    this.latest = writeState(state, this.defaults, place);
    this.timer = setTimeout(() => this.flush(), WRITE_AFTER_MS);
    const kept = writeState(state, this.ofOthers, null);
    for (const link of this.links) link.hash = kept;
  }

  flush() {
    clearTimeout(this.timer);
    const { pathname, search } = window.location;
    window.history.replaceState(null, "", pathname + search + (this.latest ? `#${this.latest}` : ""));
  }

  /** Put the address into the clipboard. Return whether the browser let us. */
  async copy() {
    this.flush();
    try {
      await navigator.clipboard.writeText(window.location.href);
      return true;
    } catch {
      return false;
    }
  }
}
