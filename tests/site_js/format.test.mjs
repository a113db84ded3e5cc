import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as format from "../../flask_app/flask_app/static/format.js";

// those of tests/flask_app/test_wording.py too
for (const [name, values, words] of JSON.parse(readFileSync(new URL("format.json", import.meta.url))))
  test(`${name} of ${values} is ${words}`, () => {
    assert.equal(format[name](...values).replaceAll("\u202f", " "), words);
  });
