// Loads the page again once the service answers: asked every few seconds, while the page is seen.

const EVERY_MS = 3000;
// it is starting, busy or away; whatever else it answers is for the reader
const PASSING = [429, 502, 503, 504];

async function answers() {
  if (document.visibilityState !== "visible") return false;
  const answer = await fetch(location.href, { method: "HEAD", cache: "no-store" }).catch(() => null);
  return answer !== null && !PASSING.includes(answer.status);
}

// one question at a time: a service that hangs holds each of them
do {
  await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
} while (!(await answers()));
location.reload();
