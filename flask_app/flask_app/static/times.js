// Writes times in the reader's own time zone; the title keeps UTC.

// Sweden writes dates as ISO 8601 does: 2026-01-31 13:05:09
const SORTABLE_LOCALE = "sv-SE";

export function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    time.textContent = new Date(time.dateTime).toLocaleString(SORTABLE_LOCALE);
  }
}

localTimes(document);
