// The wall of a line: always what the first page has, and a screen that stays on while it is looked at.

import { watch } from "./live.js";
import { replace } from "./sheets.js";

watch((fresh) => replace(document.getElementById("gallery"), fresh));

// browsers let go of the lock when the page is hidden, and may refuse it
const stayOn = () => document.visibilityState === "visible" && navigator.wakeLock?.request("screen").catch(() => {});

document.addEventListener("visibilitychange", stayOn);
stayOn();
