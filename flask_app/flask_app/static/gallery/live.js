// Looks every few seconds, while the page is seen, whether there is a newer inspection, and brings the page up to date.

import { fetchPage, PATIENCE_MS, showSummary } from "./sheets.js";

const EVERY_MS = 2500;
const away = document.getElementById("away");
const wait = () => new Promise((resolve) => setTimeout(resolve, EVERY_MS));

function visible() {
  if (document.visibilityState === "visible") return Promise.resolve();
  return new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
}

// the cheapest question that tells: the newest inspection that the page's own filters want, and how many there are
function question() {
  const query = new URLSearchParams({ limit: "1" });
  const own = document.querySelector("[data-query]").dataset.query;
  for (const [name, value] of new URLSearchParams(own)) query.set(name, value);
  return `/api/v1/inspections?${query}`;
}

async function ask(address) {
  const response = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!response.ok) throw new Error(`${address} was answered with ${response.status}`);
  const { items, total } = await response.json();
  return [...items.flatMap(({ id, created_at }) => [id, Date.parse(created_at)]), total].join(" ");
}

async function look(address, seen, update) {
  const now = await ask(address);
  if (now === seen) return seen;
  const page = await fetchPage(location.href);
  showSummary(page);
  await update(page);
  return now;
}

// calls `update` with the page as it would be now, whenever there is something new; ends never
export async function watch(update) {
  if (!document.querySelector("[data-live]")) return;
  const address = question();
  let seen = document.querySelector("[data-seen]").dataset.seen;
  for (;;) {
    await wait();
    await visible();
    try {
      seen = await look(address, seen, update);
      away.hidden = true;
    } catch {
      // the service is restarting or hangs, or the network is gone: said on the page, and asked again
      away.hidden = false;
    }
  }
}
