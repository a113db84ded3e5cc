import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const SOURCE = readFileSync(new URL("../../flask_app/flask_app/static/recover.js", import.meta.url), "utf8");
const AsyncFunction = (async () => {}).constructor;
const script = new AsyncFunction("document", "location", "setTimeout", "fetch", SOURCE);
const TURNS = 10;
const settled = () => new Promise(setImmediate);

/** Run the script on a page whose service answers with `statuses`, each once the next wait is over; null hangs. */
async function recover(statuses) {
  const seen = { asked: 0, reloaded: false };
  const waits = [];
  const ask = async () => {
    const status = statuses[seen.asked++];
    return status === null ? new Promise(() => {}) : { status, ok: status < 400 };
  };
  const here = { href: "/history", reload: () => (seen.reloaded = true) };
  script({ visibilityState: "visible" }, here, (over) => waits.push(over), ask);
  // more turns than there are answers: what is asked once is not asked again meanwhile
  for (let turn = 0; turn < TURNS; turn++) {
    waits.splice(0).forEach((over) => over());
    await settled();
  }
  return seen;
}

for (const passing of [429, 502, 503, 504])
  test(`after ${passing} it asks again, and what answers then is shown`, async () => {
    assert.deepEqual(await recover([passing, passing, 200]), { asked: 3, reloaded: true });
  });

for (const status of [400, 404, 500])
  test(`${status} is an answer, too`, async () => {
    assert.deepEqual(await recover([status]), { asked: 1, reloaded: true });
  });

test("a service that hangs is asked once", async () => {
  assert.deepEqual(await recover([null]), { asked: 1, reloaded: false });
});
