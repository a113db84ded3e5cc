// Writes where a period begins as briefly as its length allows: 2026-01-31 for a day, 13:05 for a minute.

const WORDS = {
  minute: { hour: "2-digit", minute: "2-digit" },
  hour: { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" },
  day: { month: "2-digit", day: "2-digit" },
  week: { year: "numeric", month: "2-digit", day: "2-digit" },
  month: { year: "numeric", month: "2-digit" },
  year: { year: "numeric" },
};

export function writePeriods() {
  const timeZone = document.querySelector("input[data-zone]").defaultValue;
  for (const time of document.querySelectorAll("time[data-unit]")) {
    const words = new Intl.DateTimeFormat("sv-SE", { ...WORDS[time.dataset.unit], timeZone });
    time.textContent = words.format(new Date(time.dateTime));
  }
}
