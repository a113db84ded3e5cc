import assert from "node:assert/strict";
import { test } from "node:test";

import { Replay } from "../../flask_app/flask_app/static/viewer/replay.js";

const SHEET = { replay: "/api/v1/inspections/coil-7", version: Date.parse("2026-01-31T12:00:05.123Z"), scale: null };
const RECORD = { created_at: "2026-01-31T12:00:05.123Z", defects: [{ type: "class 3" }] };

async function answer(status, document, sheet = SHEET) {
  const told = [];
  globalThis.fetch = async (address) => {
    told.push(address);
    return new Response(document === null ? "<h1>" : JSON.stringify(document), { status });
  };
  await new Replay(sheet, (answered) => told.push(answered)).send(0.42);
  return told;
}

test("the defects at a threshold are given, in the sheet's own scale", async () => {
  const scale = { mm_per_px_x: 0.5, mm_per_px_y: 2 };
  assert.deepEqual(await answer(200, RECORD, { ...SHEET, scale }), [
    "/api/v1/inspections/coil-7?threshold=0.42&mm_per_px_x=0.5&mm_per_px_y=2",
    { defects: RECORD.defects },
  ]);
});

for (const [status, document, words] of [
  [200, { ...RECORD, created_at: "2026-02-01T12:00:05.123Z" }, /judged anew meanwhile: load the page again/],
  [404, { detail: "There is no inspection 'coil-7'." }, /deleted meanwhile/],
  [409, { detail: "The model steel/3 is no longer there." }, /^The model steel\/3 is no longer there\.$/],
  [429, { detail: "Please wait a moment." }, /^Please wait a moment\.$/],
  [503, { detail: "The model is loading." }, /service does not answer; moving the slider asks again/],
  [502, null, /service does not answer/],
])
  test(`an answer with status ${status} tells why there are no figures: ${words.source}`, async () => {
    const [, { defects, why }] = await answer(status, document);
    assert.equal(defects, undefined);
    assert.match(why, words);
  });

test("a service that hangs is not waited for", async (context) => {
  const patience = context.mock.method(AbortSignal, "timeout", () => AbortSignal.abort());
  const told = [];
  globalThis.fetch = (_address, { signal }) =>
    new Promise((_resolve, reject) => signal.aborted && reject(signal.reason));
  await new Replay(SHEET, (answered) => told.push(answered)).send(0.42);
  assert.match(told[0].why, /service does not answer/);
  assert.deepEqual(patience.mock.calls[0].arguments, [10_000]);
});

test("what is asked no more is not answered", async () => {
  const told = [];
  const replay = new Replay(SHEET, (answered) => told.push(answered));
  globalThis.fetch = async () => {
    replay.cancel();
    return Response.json(RECORD);
  };
  await replay.send(0.42);
  assert.deepEqual(told, []);
});
