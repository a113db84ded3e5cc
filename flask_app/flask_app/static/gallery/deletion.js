// Deletes sheets after ten seconds in which that can be undone; at once when the page is left.

import { gone } from "./sheets.js";

const UNDO_S = 10;
const words = (number) => (number === 1 ? "1 inspection" : `${number} inspections`);

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
    this.sheets = [];
    bar.querySelector("[data-undo]").addEventListener("click", () => this.undo());
    bar.querySelector("[data-now]").addEventListener("click", () => this.carryOut());
    addEventListener("pagehide", () => this.carryOut());
  }

  get ids() {
    return this.sheets.map(({ dataset }) => dataset.id);
  }

  begin(sheets) {
    this.carryOut();
    this.sheets = sheets;
    for (const id of this.ids) gone.add(id);
    for (const sheet of sheets) sheet.hidden = true;
    this.timer = setTimeout(() => this.carryOut(), 1000 * UNDO_S);
    this.say(`${words(sheets.length)} will be deleted in ${UNDO_S} seconds, or when you leave this page.`);
    this.bar.querySelector("[data-undo]").focus();
  }

  say(sentence) {
    this.bar.querySelector("[data-text]").textContent = sentence;
    for (const button of this.bar.querySelectorAll("button")) button.hidden = !this.sheets.length;
    this.bar.hidden = false;
  }

  undo() {
    for (const id of this.ids) gone.delete(id);
    for (const sheet of this.end()) sheet.hidden = false;
  }

  carryOut() {
    const ids = this.ids;
    if (!ids.length) return;
    for (const sheet of this.end()) sheet.remove();
    send(ids).catch(() => {
      this.say(`${words(ids.length)} could not be deleted. Load the page again to see what is left.`);
    });
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
