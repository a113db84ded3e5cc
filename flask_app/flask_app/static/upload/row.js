// One chosen picture in the list: what it is, how far it has come, and its outcome.

import { number, percent, size } from "../format.js";

const template = document.getElementById("row");
const badge = (verdict) => document.getElementById(`badge-${verdict}`).content.cloneNode(true);

export class Row {
  constructor(file, { onAgain, onRemove }) {
    this.element = template.content.firstElementChild.cloneNode(true);
    this.part("name").textContent = file.name;
    this.part("name").title = file.name;
    this.part("facts").textContent = size(file.size);
    this.state("", "Checking…");
    this.remove = this.element.querySelector("[data-remove]");
    this.again = this.element.querySelector("[data-again]");
    this.remove.setAttribute("aria-label", `Remove ${file.name}`);
    this.again.setAttribute("aria-label", `Try ${file.name} again`);
    this.remove.addEventListener("click", onRemove);
    this.again.addEventListener("click", onAgain);
    this.bar = this.element.querySelector("progress");
    this.bar.setAttribute("aria-label", file.name);
  }

  part(name) {
    return this.element.querySelector(`.row-${name}`);
  }

  // `kind` is what the style and the page's counts go by: "", ready, refused, sending, failed or done
  state(kind, words) {
    this.kind = kind;
    this.element.dataset.kind = kind;
    this.part("state").textContent = words;
  }

  ready(file, header) {
    const shape = header.width && `${number(header.width)} × ${number(header.height)} px`;
    this.part("facts").textContent = [header.format, shape, size(file.size)].filter(Boolean).join(" · ");
    // browsers cannot show TIFF
    if (header.format !== "TIFF") this.show(URL.createObjectURL(file));
    this.state("ready", "");
  }

  show(address) {
    this.release();
    const picture = this.part("picture");
    picture.src = address;
    picture.hidden = false;
  }

  // a file stays in memory as long as its address does
  release() {
    const { src } = this.part("picture");
    if (src.startsWith("blob:")) URL.revokeObjectURL(src);
  }

  // takes it off the list
  discard() {
    this.release();
    this.element.remove();
  }

  sending(share) {
    this.sent = true;
    this.bar.hidden = false;
    this.again.hidden = true;
    this.remove.hidden = true;
    if (share < 1) {
      this.bar.value = share;
      this.state("sending", share ? `Sending, ${Math.round(100 * share)}\u202f%` : "Waiting…");
    } else {
      this.bar.removeAttribute("value");
      this.state("sending", "Judging…");
    }
  }

  // `kind` is failed, where another try may help, or refused
  ended(kind, words) {
    this.bar.hidden = true;
    this.again.hidden = kind === "refused";
    this.remove.hidden = false;
    this.state(kind, words);
  }

  done({ location, verdict, reasons, defect_probability: probability, doubtful, thumbnail }) {
    this.bar.hidden = true;
    this.part("name").href = location;
    this.show(thumbnail);
    this.part("verdict").replaceChildren(badge(verdict));
    // without a verdict it is not to be relied on
    this.part("probability").textContent = verdict === "no_verdict" ? "" : percent(probability);
    // the other reasons stand on its own page
    this.state("done", doubtful ? "Look again" : (reasons[0] ?? ""));
  }
}
