// What a sheet's viewer works with: the facts that the page states, the two stored maps, and the picture's pixels.

import { decodeGrey } from "./png.js";

/**
 * Return the sheet of a viewer element: the page's facts with `map` and `classes` ({width, height, data}) and
 * `picture` (ImageData). Throws Error where one of them cannot be had.
 */
export async function loadSheet(element) {
  const facts = JSON.parse(element.querySelector("script[type='application/json']").textContent);
  const [map, classes] = await Promise.all([facts.maps.probability, facts.maps.classes].map(fetchMap));
  if (map.width !== classes.width || map.height !== classes.height) throw new Error("the maps differ in size");
  const picture = await readPicture(element.querySelector("[data-original]"), map);
  return { ...facts, map, classes, picture };
}

async function fetchMap(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return decodeGrey(await response.arrayBuffer());
}

async function readPicture(image, { width, height }) {
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}
