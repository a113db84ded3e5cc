// The list goes on by itself while one scrolls, up to ten pages; then a link leads on, so that it stays light.

import { append, fetchPage, MOST } from "./sheets.js";

const AHEAD = "1200px";

export function goOn(gallery) {
  const paging = document.getElementById("paging");
  const next = () => paging.querySelector("a[rel=next]");
  let busy = false;

  async function extend() {
    const link = next();
    if (busy || !link || gallery.children.length >= MOST) return;
    busy = true;
    gallery.setAttribute("aria-busy", "true");
    try {
      const following = append(gallery, await fetchPage(link.href));
      if (following) link.href = following.href;
      else link.remove();
      // an observer tells only of changes: what is still in sight is looked at anew
      observer.unobserve(paging);
      observer.observe(paging);
    } catch {
      // the link stays, for a person to follow
      observer.disconnect();
    } finally {
      busy = false;
      gallery.removeAttribute("aria-busy");
    }
  }

  const observer = new IntersectionObserver(([entry]) => entry.isIntersecting && extend(), { rootMargin: AHEAD });
  observer.observe(paging);
}
