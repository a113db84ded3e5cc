// Scrolls the enlarged sheet, which phones show, to its first defect.

const strip = document.querySelector(".sheet-along[data-middle]");

if (strip) strip.scrollLeft = Number(strip.dataset.middle) * strip.scrollWidth - strip.clientWidth / 2;
