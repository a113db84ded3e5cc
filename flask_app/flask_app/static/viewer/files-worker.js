// Fetches and decodes the files of a sheet, on a thread of its own: it is asked once, with their addresses.

import { heatPicture } from "./palette.js";
import { decodeGrey } from "./png.js";

addEventListener("message", async ({ data: addresses }) => {
  try {
    const sheet = await read(addresses);
    postMessage(sheet, [sheet.map.data.buffer, sheet.classes.data.buffer, sheet.picture, sheet.heat]);
  } catch (error) {
    postMessage({ trouble: error.message });
  }
});

async function read({ picture, probability, classes }) {
  const [seen, map, kinds] = await Promise.all([readPicture(picture), readMap(probability), readMap(classes)]);
  if (map.width !== kinds.width || map.height !== kinds.height) throw new Error("the maps differ in size");
  return { picture: seen, map, classes: kinds, heat: await createImageBitmap(heatPicture(map)) };
}

const readPicture = async (address) => createImageBitmap(await (await get(address)).blob());
const readMap = async (address) => decodeGrey(await (await get(address)).arrayBuffer());

async function get(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return response;
}
