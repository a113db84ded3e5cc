// Keys on a sheet that has the focus: arrows, Home and End go to others, x ticks it.

// how many stand in a row of the grid
function columns(sheets) {
  const first = sheets[0].offsetTop;
  const count = sheets.findIndex((sheet) => sheet.offsetTop !== first);
  return count < 0 ? sheets.length : count;
}

export function moveByKeys(gallery) {
  gallery.addEventListener("keydown", (event) => {
    const sheet = event.target.closest("[data-id]");
    if (!sheet || event.ctrlKey || event.metaKey || event.altKey) return;
    const sheets = [...gallery.children].filter(({ hidden }) => !hidden);
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns(sheets), ArrowDown: columns(sheets) };
    const ends = { Home: 0, End: sheets.length - 1 };
    if (event.key === "x") sheet.querySelector("input").click();
    else if (event.key in steps) sheets[sheets.indexOf(sheet) + steps[event.key]]?.querySelector("a").focus();
    else if (event.key in ends) sheets[ends[event.key]].querySelector("a").focus();
    else return;
    event.preventDefault();
  });
}
