// What is ticked: counted, exported by the form itself, and deleted after ten seconds in which that can be undone.

import { gone } from "./sheets.js";

const UNDO_S = 10;

export function deleteTicked(form) {
  const bar = document.getElementById("undo");
  const say = bar.querySelector("[data-text]");
  const count = form.querySelector("[data-count]");
  let waiting = null;

  const ticked = () => [...form.querySelectorAll("input[name=id]:checked")];
  const recount = () => {
    count.textContent = ticked().length;
  };
  const words = (number) => (number === 1 ? "1 inspection" : `${number} inspections`);

  // lets go of what waits, to be deleted at once; also when the page is left
  function carryOut() {
    if (!waiting) return;
    const { sheets, ids, timer } = waiting;
    waiting = null;
    clearInterval(timer);
    bar.hidden = true;
    for (const sheet of sheets) sheet.remove();
    send(ids).catch(() => {
      bar.hidden = false;
      say.textContent = `${words(ids.length)} could not be deleted. Load the page again to see what is left.`;
    });
  }

  async function send(ids) {
    const body = new URLSearchParams(ids.map((id) => ["id", id]));
    const response = await fetch("/history/delete", {
      method: "POST",
      headers: { Accept: "application/json" },
      body,
      keepalive: true,
    });
    if (!response.ok) throw new Error(`deleting was answered with ${response.status}`);
  }

  function undo() {
    if (!waiting) return;
    clearInterval(waiting.timer);
    for (const sheet of waiting.sheets) sheet.hidden = false;
    for (const id of waiting.ids) gone.delete(id);
    bar.hidden = true;
    waiting.sheets[0].querySelector("a").focus();
    waiting = null;
  }

  function hide() {
    carryOut();
    const boxes = ticked();
    const sheets = boxes.map((box) => box.closest("[data-id]"));
    const ids = boxes.map(({ value }) => value);
    for (const id of ids) gone.add(id);
    for (const sheet of sheets) sheet.hidden = true;
    form.reset();
    let left = UNDO_S;
    const tell = () => {
      say.textContent = `${words(ids.length)} will be deleted in ${left} s, or when you leave this page.`;
      if (left-- === 0) carryOut();
    };
    waiting = { sheets, ids, timer: setInterval(tell, 1000) };
    tell();
    bar.hidden = false;
    bar.querySelector("[data-undo]").focus();
  }

  form.addEventListener("change", recount);
  form.addEventListener("reset", () => setTimeout(recount));
  form.addEventListener("submit", (event) => {
    if (!event.submitter?.matches("[data-delete]")) return;
    event.preventDefault();
    if (ticked().length) hide();
  });
  bar.querySelector("[data-undo]").addEventListener("click", undo);
  bar.querySelector("[data-now]").addEventListener("click", carryOut);
  addEventListener("pagehide", carryOut);
  recount();
}
