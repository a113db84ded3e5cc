// One chosen picture in the list: what it is, how far it has come, and its outcome.

import { formatNumber, formatPercent, formatSize } from "./words.js";

const template = document.getElementById("row");
const badge = (verdict) => document.getElementById(`badge-${verdict}`).content.cloneNode(true);

export class Row {
  constructor(file, { onAgain, onRemove }) {
    this.element = template.content.firstElementChild.cloneNode(true);
    this.part("name").textContent = file.name;
    this.part("facts").textContent = formatSize(file.size);
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
    const size = header.width && `${formatNumber(header.width)} × ${formatNumber(header.height)} px`;
    this.part("facts").textContent = [header.format, size, formatSize(file.size)].filter(Boolean).join(" · ");
    // browsers cannot show TIFF
    if (header.format !== "TIFF") this.show(URL.createObjectURL(file));
    this.state("ready", "");
  }

  show(address) {
    const picture = this.part("picture");
    if (picture.src.startsWith("blob:")) URL.revokeObjectURL(picture.src);
    picture.src = address;
    picture.hidden = false;
  }

  sending(share) {
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

  failed(words) {
    this.bar.hidden = true;
    this.again.hidden = false;
    this.remove.hidden = false;
    this.state("failed", words);
  }

  done({ location, verdict, defect_probability: probability, thumbnail }) {
    this.bar.hidden = true;
    this.part("name").href = location;
    this.show(thumbnail);
    this.part("verdict").replaceChildren(badge(verdict));
    this.part("probability").textContent = probability === null ? "" : formatPercent(probability);
    this.state("done", "");
  }
}
