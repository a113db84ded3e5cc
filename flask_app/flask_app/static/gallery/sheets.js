// The gallery's list: takes sheets over from a page that the site made, so that there is one way to draw them.

import { localTimes } from "../times.js";

// by the ids of sheets that the reader deleted, the newest version that nothing brings back
export const gone = new Map();
// no more than can be exported or deleted at once
export const MOST = 480;
// what takes longer is no answer, though nginx would wait for it for a minute
export const PATIENCE_MS = 10_000;

export async function fetchPage(address) {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const response = await fetch(address, { headers: { Accept: "text/html" }, signal });
  if (!response.ok) throw new Error(`${address} was answered with ${response.status}`);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  localTimes(page);
  return page;
}

// takes over how many sheets there are; the elements stay, and with them the focus
export function showSummary(page) {
  const [here, there] = [document, page].map((root) => root.getElementById("summary"));
  Object.assign(here.dataset, there.dataset);
  const counts = there.querySelectorAll("b");
  here.querySelectorAll("b").forEach((count, index) => (count.textContent = counts[index].textContent));
  here.querySelector("b").nextSibling.textContent = there.querySelector("b").nextSibling.textContent;
}

const sheetsOf = (root) => [...root.querySelectorAll("#gallery > [data-id]")];
const byId = (gallery) => new Map([...gallery.children].map((sheet) => [sheet.dataset.id, sheet]));
export const versionOf = ({ dataset }) => Number(dataset.version);
const isIn = (listed, { dataset }) => listed.get(dataset.id)?.dataset.version === dataset.version;
const nextOf = (root) => root.querySelector("#paging a[rel=next]");

// those of `sheets` that the list has not, or has as they were before they were judged anew: these are taken off it
function unlisted(gallery, sheets) {
  const listed = byId(gallery);
  const isGone = (sheet) => versionOf(sheet) <= gone.get(sheet.dataset.id);
  const fresh = sheets.filter((sheet) => !isGone(sheet) && !isIn(listed, sheet));
  for (const sheet of fresh) {
    const before = listed.get(sheet.dataset.id);
    if (before) sheet.querySelector("input").checked = before.querySelector("input").checked;
    before?.remove();
  }
  return fresh;
}

const newestOf = (sheets) => Math.max(...sheets.map(versionOf));

// has those come into sight that are newer than all that was there; older ones have only moved up
function markNew(sheets, newest) {
  for (const sheet of sheets) if (versionOf(sheet) > newest) sheet.classList.add("sheet-new");
}

// has the list go on with `page`; returns where it goes on after that, if it does
export function append(gallery, page) {
  gallery.append(...unlisted(gallery, sheetsOf(page)));
  return nextOf(page);
}

// brings the list, whose newest are first, up to `page` and as many of those that follow it as reach down to what is listed
export async function refresh(gallery, page) {
  const listed = byId(gallery);
  const sheets = sheetsOf(page);
  let next = nextOf(page);
  const isGap = () => next && !sheets.some((sheet) => isIn(listed, sheet));
  while (isGap() && sheets.length < MOST) {
    const following = await fetchPage(next.href);
    sheets.push(...sheetsOf(following));
    next = nextOf(following);
  }
  const newest = newestOf([...gallery.children]);
  prune(gallery, sheets, next, isGap());
  const fresh = unlisted(gallery, sheets);
  markNew(fresh, newest);
  for (const sheet of fresh) {
    const older = [...gallery.children].find((other) => versionOf(other) < versionOf(sheet));
    gallery.insertBefore(sheet, older ?? null);
  }
}

// takes off the list what was deleted by others; and where `sheets` begin it anew, for there are too many to bridge or to
// keep, all that is not among them: it goes on from there
function prune(gallery, sheets, next, isGap) {
  const ids = new Set(sheets.map(({ dataset }) => dataset.id));
  const others = [...gallery.children].filter(({ dataset }) => !ids.has(dataset.id));
  const beginsAnew = !next || isGap || isTooLong(gallery, others);
  const oldest = Math.min(...sheets.map(versionOf));
  for (const sheet of others) if (beginsAnew || versionOf(sheet) > oldest) sheet.remove();
  if (!beginsAnew) return;
  nextOf(document)?.remove();
  if (next) document.getElementById("paging").append(next);
}

// nothing is taken away that is ticked, waits to be deleted or is in sight
const isTooLong = (gallery, [first]) =>
  gallery.children.length >= MOST &&
  !gallery.querySelector(":checked, [hidden]") &&
  first?.getBoundingClientRect().top > window.innerHeight;

// makes the list that of `page`, on which the same sheet has the focus
export function replace(gallery, page) {
  const sheets = sheetsOf(page);
  markNew(sheets, newestOf([...gallery.children]));
  const focused = document.activeElement.closest("[data-id]")?.dataset.id;
  gallery.replaceChildren(...sheets);
  byId(gallery).get(focused)?.querySelector("a").focus({ preventScroll: true });
  document.getElementById("empty").hidden = sheets.length > 0;
}
