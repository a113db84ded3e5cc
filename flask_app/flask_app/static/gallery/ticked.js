// What is ticked: counted, exported by the form itself, and deleted without leaving the page.

import { Deletion } from "./deletion.js";

export function deleteTicked(form) {
  const deletion = new Deletion(document.getElementById("undo"));
  const ticked = () => [...form.querySelectorAll("input[name=id]:checked")];
  const recount = () => {
    form.querySelector("[data-count]").textContent = ticked().length;
  };

  form.addEventListener("change", recount);
  // fields are reset after the event
  form.addEventListener("reset", () => setTimeout(recount));
  form.addEventListener("submit", (event) => {
    if (!event.submitter?.matches("[data-delete]")) return;
    event.preventDefault();
    const sheets = ticked().map((box) => box.closest("[data-id]"));
    form.reset();
    if (sheets.length) deletion.begin(sheets, event.submitter);
  });
  // a ticked sheet may be deleted elsewhere
  new MutationObserver(recount).observe(document.getElementById("gallery"), { childList: true });
  recount();
}
