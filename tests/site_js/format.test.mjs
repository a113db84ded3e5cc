import assert from "node:assert/strict";
import { test } from "node:test";

import { number, percent, size } from "../../flask_app/flask_app/static/format.js";

// as in tests/flask_app/test_wording.py
for (const [write, value, words] of [
  [percent, 0.0001, "< 0.1 %"],
  [percent, 0.9999, "> 99.9 %"],
  [percent, 1, "100.0 %"],
  [percent, null, "–"],
  [number, 1234567, "1 234 567"],
  [size, 999, "999 B"],
  [size, 1000, "1.0 kB"],
  [size, 1234567, "1.2 MB"],
  [size, 200 * 1024, "200 kB"],
])
  test(`${write.name} of ${value} is ${words}`, () => {
    assert.equal(write(value).replaceAll("\u202f", " "), words);
  });
