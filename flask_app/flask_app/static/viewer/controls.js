// Binds the page's buttons and sliders to the viewer's state and actions, by the names in their data attributes.

const WORDS = {
  opacity: (value) => `${value}\u202f%`,
  brightness: (value) => signed(value),
  contrast: (value) => signed(value),
  gamma: (value) => value.toFixed(2),
};
const signed = (value) => (value > 0 ? `+${value}` : String(value).replace("-", "−"));

/** Return the elements below `root` that a script fills, by their names. */
export const partsOf = (root) =>
  Object.fromEntries([...root.querySelectorAll("[data-part]")].map((element) => [element.dataset.part, element]));

export class Controls {
  /** `change` takes changes of the state, `actions` has a function for each name in data-do. */
  constructor(root, change, actions) {
    this.sliders = [...root.querySelectorAll("input[data-state]")];
    this.toggles = [...root.querySelectorAll("button[data-toggle]")];
    for (const slider of this.sliders)
      slider.addEventListener("input", () => change({ [slider.dataset.state]: slider.valueAsNumber }));
    for (const button of root.querySelectorAll("button[data-do], button[data-toggle]"))
      button.addEventListener("click", actions[button.dataset.do ?? button.dataset.toggle]);
  }

  show(state) {
    for (const slider of this.sliders) {
      const { state: name } = slider.dataset;
      slider.value = state[name];
      const words = WORDS[name](state[name]);
      slider.setAttribute("aria-valuetext", words);
      slider.parentElement.querySelector("output").value = words;
    }
    for (const button of this.toggles) button.setAttribute("aria-pressed", isOn(state[button.dataset.toggle]));
  }
}

const isOn = (value) => value === true || value === "mm";
