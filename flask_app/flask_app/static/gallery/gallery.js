// The history page's better half: new sheets appear, the list goes on while one scrolls, ticked sheets can be deleted.

import { goOn } from "./endless.js";
import { moveByKeys } from "./keys.js";
import { watch } from "./live.js";
import { prepend } from "./sheets.js";
import { deleteTicked } from "./ticked.js";

const gallery = document.getElementById("gallery");

if (gallery?.matches("ol")) {
  goOn(gallery);
  moveByKeys(gallery);
  deleteTicked(document.getElementById("selection"));
}
// where nothing was inspected yet, the first sheet brings the list with it
watch((fresh) => (gallery?.matches("ol") ? prepend(gallery, fresh) : location.reload()));
