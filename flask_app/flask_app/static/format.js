// Figures as the site's pages write them (wording.py): units after a thin space, shares never rounded to certainty.

const THIN_SPACE = "\u202f";
const UNKNOWN = "\u2013";

export function percent(share) {
  if (share === null || share === undefined) return UNKNOWN;
  const value = 100 * share;
  if (value > 0 && value < 0.05) return `<${THIN_SPACE}0.1${THIN_SPACE}%`;
  if (value >= 99.95 && value < 100) return `>${THIN_SPACE}99.9${THIN_SPACE}%`;
  return `${value.toFixed(1)}${THIN_SPACE}%`;
}

export function number(value, digits = 0) {
  if (value === null || value === undefined) return UNKNOWN;
  const [whole, part] = value.toFixed(digits).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, THIN_SPACE);
  return part ? `${grouped}.${part}` : grouped;
}

export const measured = (value, unit, digits = 0) => `${number(value, digits)}${THIN_SPACE}${unit}`;
export const counted = (count, word) => `${number(count)} ${count === 1 ? word : `${word}s`}`;

/** Write a number of bytes in the unit that leaves at most four digits (1 kB = 1024 bytes, as in the limits). */
export function size(count) {
  const units = ["B", "kB", "MB", "GB"];
  let value = count;
  while (value >= 1000 && units.length > 1) {
    value /= 1024;
    units.shift();
  }
  return measured(value, units[0], units[0] === "B" || value >= 100 ? 0 : 1);
}
