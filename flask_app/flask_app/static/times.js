// Writes times in the reader's own time zone; the title keeps UTC.

const two = (value) => String(value).padStart(2, "0");

// 2026-01-31 13:05:09, by hand: the browser's own formatting loads its tables first, which takes longer than all else here
function sortable(time) {
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join("-");
  return `${day} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(":")}`;
}

export function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) time.textContent = sortable(new Date(time.dateTime));
}

localTimes(document);
