import assert from "node:assert/strict";
import { test } from "node:test";

import { Camera } from "../../flask_app/flask_app/static/viewer/camera.js";

function camera(width = 800, height = 128) {
  const made = new Camera(1600, 256);
  made.resize(width, height);
  return made;
}

const close = (found, wanted) => assert.ok(Math.abs(found - wanted) < 1e-9, `${found} is not ${wanted}`);

test("at first the whole sheet is seen, whatever the view's size becomes", () => {
  const looking = camera();
  assert.deepEqual([looking.scale, looking.x, looking.y, looking.place], [0.5, 800, 128, null]);
  looking.resize(400, 300);
  assert.equal(looking.scale, 0.25);
});

test("a place that one looks at stays when the view's size changes, as far as the sheet reaches", () => {
  const looking = camera();
  looking.look({ x: 500, y: 100, scale: 3 });
  looking.resize(400, 300);
  assert.deepEqual(looking.place, { x: 500, y: 100, scale: 3 });
  looking.resize(400, 720);
  assert.deepEqual(looking.place, { x: 500, y: 120, scale: 3 });
});

test("there is a closest look, at any place and at a box of one pixel", () => {
  const looking = camera();
  looking.zoomBy(1e6);
  assert.equal(looking.scale, 40);
  looking.show([10, 10, 1, 1]);
  assert.equal(looking.scale, 10);
});

test("zooming keeps the point below the pointer", () => {
  const looking = camera();
  const before = looking.toSheet(300, 40);
  looking.zoomBy(5, 300, 40);
  const after = looking.toSheet(300, 40);
  close(after.x, before.x);
  close(after.y, before.y);
});

test("view and sheet lead to each other", () => {
  const looking = camera();
  looking.look({ x: 500, y: 100, scale: 3 });
  const { x, y } = looking.toSheet(123, 45);
  close(looking.toView(x, y).x, 123);
  close(looking.toView(x, y).y, 45);
});

test("the sheet is never left", () => {
  const looking = camera();
  looking.zoomBy(8);
  looking.panBy(1e6, -1e6);
  assert.deepEqual([looking.x, looking.y], [1600 - 100, 16]);
});

test("zooming out ends with the whole sheet", () => {
  const looking = camera();
  looking.zoomBy(3);
  assert.equal(looking.fitted, false);
  looking.zoomBy(0.1);
  assert.equal(looking.fitted, true);
  assert.equal(looking.scale, 0.5);
});

test("a box is shown in the middle with what surrounds it", () => {
  const looking = camera();
  looking.show([1000, 100, 40, 20]);
  assert.deepEqual([looking.x, looking.y], [1020, 110]);
  close(looking.scale, 128 / 20 / 2);
});

test("a box as high as the sheet does not make the sheet smaller", () => {
  const looking = camera();
  looking.show([1000, 0, 300, 256]);
  close(looking.scale, 0.5);
});
