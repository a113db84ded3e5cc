import assert from "node:assert/strict";
import { test } from "node:test";

// as much of a page as the list needs
const empty = { hidden: true };
const focused = { closest: () => null };
globalThis.document = { querySelectorAll: () => [], querySelector: () => null, getElementById: () => empty, activeElement: focused };
const { append, refresh, replace } = await import("../../flask_app/flask_app/static/gallery/sheets.js");

class Sheet {
  constructor(version, id = version) {
    this.dataset = { id: String(id), version: String(version) };
    this.classes = [];
    this.classList = { add: (name) => this.classes.push(name) };
    this.box = { checked: false };
  }

  querySelector() {
    return this.box;
  }

  remove() {
    this.list.children = this.list.children.filter((sheet) => sheet !== this);
  }
}

class Gallery {
  constructor(...versions) {
    this.replaceChildren(...versions.map((version) => new Sheet(version)));
  }

  replaceChildren(...sheets) {
    this.children = [];
    this.append(...sheets);
  }

  append(...sheets) {
    for (const sheet of sheets) this.insertBefore(sheet, null);
  }

  insertBefore(sheet, before) {
    sheet.list = this;
    this.children.splice(before ? this.children.indexOf(before) : this.children.length, 0, sheet);
  }
}

const MORE = { href: "/history?cursor=more" };
const pageOf = (...sheets) => ({
  querySelectorAll: () => sheets.map((sheet) => (sheet instanceof Sheet ? sheet : new Sheet(sheet))),
  querySelector: () => MORE,
});
const versions = ({ children }) => children.map(({ dataset }) => Number(dataset.version));
const marked = ({ children }) => versions({ children: children.filter(({ classes }) => classes.includes("sheet-new")) });

for (const { name, list, page, now, fresh } of [
  { name: "a new sheet comes first", list: [3, 2, 1], page: [4, 3, 2], now: [4, 3, 2, 1], fresh: [4] },
  { name: "what moves up after a deletion comes last", list: [5, 4, 3], page: [5, 4, 3, 2, 1], now: [5, 4, 3, 2, 1], fresh: [] },
  { name: "what moves up and what is new part", list: [4, 3], page: [5, 4, 3, 2], now: [5, 4, 3, 2], fresh: [5] },
  { name: "with more pages below, what moves up is there", list: [4, 3, 2, 1], page: [4, 3, 2], now: [4, 3, 2, 1], fresh: [] },
  { name: "what was stored late comes between", list: [5, 3, 2, 1], page: [5, 4, 3], now: [5, 4, 3, 2, 1], fresh: [] },
  { name: "what others deleted goes", list: [5, 4, 3, 2], page: [5, 3, 2], now: [5, 3, 2], fresh: [] },
])
  test(name, async () => {
    const gallery = new Gallery(...list);
    await refresh(gallery, pageOf(...page));
    assert.deepEqual(versions(gallery), now);
    assert.deepEqual(marked(gallery), fresh);
  });

test("a sheet that is judged anew takes its new place and stays ticked", async () => {
  const gallery = new Gallery(3, 2, 1);
  gallery.children[2].box.checked = true;
  await refresh(gallery, pageOf(new Sheet(4, 1), 3, 2));
  assert.deepEqual(versions(gallery), [4, 3, 2]);
  assert.ok(gallery.children[0].box.checked);
});

test("a page that follows goes to the end in the order that it has", () => {
  const gallery = new Gallery(1, 3);
  assert.equal(append(gallery, pageOf(3, 2, 4)), MORE);
  assert.deepEqual(versions(gallery), [1, 3, 2, 4]);
});

test("on the wall, only what is newer than all is new", () => {
  const gallery = new Gallery(4, 3, 2);
  replace(gallery, pageOf(5, 4, 2, 1));
  assert.deepEqual(versions(gallery), [5, 4, 2, 1]);
  assert.deepEqual(marked(gallery), [5]);
  assert.ok(empty.hidden);
});

test("a wall that others emptied says so", () => {
  const gallery = new Gallery(1);
  replace(gallery, pageOf());
  assert.deepEqual(versions(gallery), []);
  assert.ok(!empty.hidden);
});
