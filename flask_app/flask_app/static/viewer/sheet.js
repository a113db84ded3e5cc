// What a sheet's viewer works with: the facts that the page states, the two stored maps, and the pictures to draw.

/**
 * Return the sheet of a viewer element: the page's facts with `map` and `classes` ({width, height, data}), and
 * `picture` and `heat` (ImageBitmap). Throws Error where one of them cannot be had.
 */
export async function loadSheet(element) {
  const facts = JSON.parse(element.querySelector("script[type='application/json']").textContent);
  return { ...facts, ...(await readFiles(facts.files)) };
}

// whole files are read and decoded beside the page, which stays free to answer meanwhile
function readFiles(addresses) {
  const worker = new Worker(new URL("./files-worker.js", import.meta.url), { type: "module" });
  const answer = new Promise((resolve, reject) => {
    worker.addEventListener("message", ({ data }) => (data.trouble ? reject(new Error(data.trouble)) : resolve(data)));
    worker.addEventListener("error", () => reject(new Error("the files could not be read beside the page")));
  });
  worker.postMessage(addresses);
  return answer.finally(() => worker.terminate());
}
