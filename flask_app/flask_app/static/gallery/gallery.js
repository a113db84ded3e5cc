// The history page's better half: new sheets appear, the list goes on while one scrolls, ticked sheets can be deleted.

import { goOn } from "./endless.js";
import { moveByKeys } from "./keys.js";
import { watch } from "./live.js";
import { refresh } from "./sheets.js";
import { deleteTicked } from "./ticked.js";

const isList = (root) => root.querySelector("ol#gallery") !== null;
const gallery = document.getElementById("gallery");

// the browser's Back brings the page with what was chosen last, which is not what is listed
addEventListener("pageshow", ({ persisted }) => persisted && document.querySelector(".filters").reset());
// what a browser complains of must be seen
document.querySelector(".filters").addEventListener("invalid", ({ currentTarget }) => (currentTarget.querySelector("details").open = true), true);
if (isList(document)) {
  goOn(gallery);
  moveByKeys(gallery);
  deleteTicked(document.getElementById("selection"));
}
// the first sheet brings the list with it, and the last one takes it away
watch((fresh) => (isList(document) && isList(fresh) ? refresh(gallery, fresh) : location.reload()));
