// The gallery's list: takes sheets over from a page that the site made, so that there is one way to draw them.

import { localTimes } from "../times.js";

// ids of sheets that the reader deleted: nothing brings them back
export const gone = new Set();

export async function fetchPage(address) {
  const response = await fetch(address, { headers: { Accept: "text/html" } });
  if (!response.ok) throw new Error(`${address} was answered with ${response.status}`);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  localTimes(page);
  return page;
}

// takes over how many sheets there are
export const showSummary = (page) => document.getElementById("summary").replaceWith(page.getElementById("summary"));

const sheetsOf = (root) => [...root.querySelectorAll("#gallery > [data-id]")];
const idsOf = (gallery) => new Set([...gallery.children].map(({ dataset }) => dataset.id));

// adds the sheets of `page` that are not in the list yet, at its beginning or its end; returns how many
export function insert(gallery, page, how) {
  const known = idsOf(gallery);
  const fresh = sheetsOf(page).filter(({ dataset }) => !known.has(dataset.id) && !gone.has(dataset.id));
  gallery[how](...fresh);
  if (how === "prepend") for (const sheet of fresh) sheet.classList.add("sheet-new");
  return fresh.length;
}

// makes the list that of `page`; sheets that stay keep their pictures
export function replace(gallery, page) {
  const known = idsOf(gallery);
  const sheets = sheetsOf(page);
  for (const sheet of sheets) if (!known.has(sheet.dataset.id)) sheet.classList.add("sheet-new");
  gallery.replaceChildren(...sheets);
  document.getElementById("empty")?.remove();
}
