// Loads the page again once the service answers: asked every few seconds, while the page is seen.

const EVERY_MS = 3000;

async function ask() {
  if (document.visibilityState !== "visible") return;
  const answer = await fetch(location.href, { method: "HEAD", cache: "no-store" }).catch(() => null);
  if (answer?.ok) location.reload();
}

setInterval(ask, EVERY_MS);
