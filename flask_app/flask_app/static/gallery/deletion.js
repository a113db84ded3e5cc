// Deletes sheets after ten seconds in which that can be undone; at once when the page is left.

import { counted } from "../format.js";
import { fetchPage, gone, showSummary, versionOf } from "./sheets.js";

const UNDO_S = 10;

async function send(ids) {
  const response = await fetch("/history/delete", {
    method: "POST",
    headers: { Accept: "application/json" },
    body: new URLSearchParams(ids.map((id) => ["id", id])),
    // goes on when the page does not
    keepalive: true,
  });
  if (!response.ok) throw new Error(`deleting was answered with ${response.status}`);
}

export class Deletion {
  // `bar` says what is to happen, and has the buttons for it
  constructor(bar) {
    this.bar = bar;
    this.gallery = document.getElementById("gallery");
    this.sheets = [];
    bar.querySelector("[data-undo]").addEventListener("click", () => this.undo());
    bar.querySelector("[data-now]").addEventListener("click", () => this.carryOut());
    addEventListener("pagehide", () => this.carryOut());
  }

  get ids() {
    return this.sheets.map(({ dataset }) => dataset.id);
  }

  // `from` is where the focus was: it goes back there when this is undone
  begin(sheets, from) {
    this.carryOut();
    [this.sheets, this.from] = [sheets, from];
    for (const id of this.ids) gone.set(id, Infinity);
    for (const sheet of sheets) sheet.hidden = true;
    this.timer = setTimeout(() => this.carryOut(), 1000 * UNDO_S);
    this.pending = `${counted(sheets.length, "inspection")} will be deleted in ${UNDO_S} seconds, or when you leave this page.`;
    this.say(this.pending);
    this.bar.querySelector("[data-undo]").focus();
  }

  say(sentence) {
    this.bar.querySelector("[data-text]").textContent = sentence;
    for (const button of this.bar.querySelectorAll("button")) button.hidden = !this.sheets.length;
    this.bar.hidden = false;
  }

  // tells of those before, whose answer may come while the next are to be deleted
  tell(sentence) {
    this.say(this.sheets.length ? `${sentence} ${this.pending}` : sentence);
  }

  undo() {
    for (const id of this.ids) gone.delete(id);
    for (const sheet of this.end()) {
      sheet.hidden = false;
      sheet.querySelector("input[name=id]").click();
    }
    this.from.focus({ preventScroll: true });
  }

  carryOut() {
    const { ids } = this;
    if (!ids.length) return;
    const hadFocus = this.bar.contains(document.activeElement);
    const next = this.sheets.at(-1).nextElementSibling;
    const sheets = this.end();
    for (const sheet of sheets) sheet.remove();
    // the bar that had the focus is hidden
    if (hadFocus) (next ?? this.gallery.lastElementChild)?.querySelector("a").focus({ preventScroll: true });
    send(ids).then(
      () => {
        // what is posted again from now on is another inspection
        for (const sheet of sheets) gone.set(sheet.dataset.id, versionOf(sheet));
        // what follows, or that nothing does, is the site's to say
        return this.gallery.childElementCount ? this.recount() : location.reload();
      },
      () => this.tell(`${counted(ids.length, "inspection")} could not be deleted. Load the page again to see what is left.`),
    );
  }

  // a list in another order than the newest first is not watched, so nothing else would count anew
  async recount() {
    try {
      showSummary(await fetchPage(location.href));
    } catch {
      this.tell("Deleted. The counts above are those of before: the service does not answer.");
    }
  }

  // returns what was to be deleted
  end() {
    const { sheets } = this;
    this.sheets = [];
    clearTimeout(this.timer);
    this.bar.hidden = true;
    return sheets;
  }
}
