// The keys of the viewer: one list, which both answers the keys and is shown by `?`.

const STORED = "viewer-shortcuts";
const FIELDS = "input:not([type=range], [type=checkbox]), select, textarea, [contenteditable]";

/** The groups of keys: what they are called, and for each its keys, what it does, in words, and by which name. */
const SHORTCUTS = [
  ["Threshold", [
    [[","], "lower", "lower"],
    [["."], "higher", "higher"],
    [["r"], "back to the threshold that judged", "reset"],
  ]],
  ["Pictures", [
    [["o"], "defects on the overlay, or none", "overlay"],
    [["c"], "colours by class, or all green", "colours"],
    [["x"], "smooth, or pixel by pixel", "smooth"],
    [["1"], "show or hide the original", "showOriginal"],
    [["2"], "show or hide the overlay", "showOverlay"],
    [["3"], "show or hide the heat map", "showHeat"],
  ]],
  ["Tones", [
    [["4"], "darker", "darker"],
    [["5"], "brighter", "brighter"],
    [["6"], "less contrast", "lessContrast"],
    [["7"], "more contrast", "moreContrast"],
    [["8"], "lower gamma: dark parts darker", "lessGamma"],
    [["9"], "higher gamma: dark parts lighter", "moreGamma"],
    [["b"], "all three as they were", "tones"],
  ]],
  ["Looking", [
    [["+", "="], "zoom in", "closer"],
    [["-"], "zoom out", "farther"],
    [["f", "0"], "the whole sheet", "fit"],
    [["a"], "actual size", "actual"],
  ]],
  ["Defects", [
    [["n", "]"], "next defect", "nextDefect"],
    [["p", "["], "previous defect", "previousDefect"],
    [["u"], "px or mm", "unit"],
    [["Escape"], "none selected", "deselect"],
  ]],
  ["Sheets", [
    [["j"], "next sheet", "nextSheet"],
    [["k"], "previous sheet", "previousSheet"],
    [["l"], "copy a link to this view", "copy"],
    [["?"], "this list", "help"],
  ]],
];
const NAMES = { Escape: "Esc", "-": "−" };

export class Shortcuts {
  /** `actions` has a function for each name in SHORTCUTS. */
  constructor(dialog, actions) {
    this.dialog = dialog;
    this.byKey = new Map(SHORTCUTS.flatMap(([, rows]) => rows.flatMap(([keys, , name]) => keys.map((key) => [key, actions[name]]))));
    this.box = dialog.querySelector("input[type=checkbox]");
    this.box.addEventListener("change", () => this.choose(this.box.checked));
    document.addEventListener("keydown", (event) => this.press(event));
  }

  // single keys must be possible to turn off: speech control would press them by chance (WCAG 2.1.4)
  get enabled() {
    return (this.chosen ??= remembered() ?? "on") === "on";
  }

  choose(enabled) {
    this.chosen = enabled ? "on" : "off";
    remember(this.chosen);
  }

  press(event) {
    const action = this.byKey.get(event.key.length === 1 ? event.key.toLowerCase() : event.key);
    if (!action || !this.enabled || this.isElsewhere(event)) return;
    event.preventDefault();
    action();
  }

  isElsewhere({ ctrlKey, altKey, metaKey, target }) {
    return ctrlKey || altKey || metaKey || this.dialog.open || target.closest(FIELDS);
  }

  open() {
    const keys = this.dialog.querySelector("[data-part=keys]");
    if (!keys.hasChildNodes()) keys.append(...SHORTCUTS.map(group));
    this.box.checked = this.enabled;
    this.dialog.showModal();
  }
}

// a browser that keeps nothing for us (cookies refused) forgets the choice with the page
function remembered() {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

function remember(choice) {
  try {
    localStorage.setItem(STORED, choice);
  } catch {
    // said above
  }
}

function group([title, rows]) {
  const section = document.createElement("section");
  const heading = document.createElement("h3");
  heading.textContent = title;
  const list = document.createElement("dl");
  list.append(...rows.map(([keys, words]) => entry(keys, words)));
  section.append(heading, list);
  return section;
}

function entry(keys, words) {
  const row = document.createElement("div");
  const [term, meaning] = [document.createElement("dt"), document.createElement("dd")];
  for (const key of keys) {
    const cap = document.createElement("kbd");
    cap.textContent = NAMES[key] ?? key.toUpperCase();
    term.append(cap);
  }
  meaning.textContent = words;
  row.append(term, meaning);
  return row;
}
