// Numbers as the pages write them: thin spaces between thousands and before units.

export const formatNumber = (value, digits = 0) => value.toFixed(digits).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");

export const formatSize = (count) =>
  count < 1000 ? `${count}\u202fB` : count < 1e6 ? `${formatNumber(count / 1024)}\u202fkB` : `${formatNumber(count / 1024 / 1024, 1)}\u202fMB`;

// a percentage that never rounds to certainty
export function formatPercent(share) {
  const value = 100 * share;
  if (value > 0 && value < 0.05) return "<\u202f0.1\u202f%";
  if (value >= 99.95 && value < 100) return ">\u202f99.9\u202f%";
  return `${value.toFixed(1)}\u202f%`;
}
