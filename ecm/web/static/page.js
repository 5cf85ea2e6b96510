// Brings the day's page up to date every 30 seconds, unless somebody has switched it off: what changed is put in place,
// and focus, scroll and what was opened stay where they are. Without a script the page is reloaded by hand.
"use strict";
{
  const kept = "ecm-refresh";
  const list = document.getElementById("list");
  const box = () => document.getElementById("refresh");

  // An element is known again by its id, else by where it stands and where it leads or what it says (a link may say a
  // number, which changes); of several alike by its place.
  const name = (one) => one?.getAttribute("aria-label") ?? one?.getAttribute("aria-labelledby") ?? one?.id;
  const likeness = (one) => {
    const says = one.getAttribute("href") ?? one.getAttribute("aria-label") ?? one.textContent.trim();
    return [one.tagName, name(one.closest("section, nav, details, [role=region]")), says].join("\n");
  };
  const alike = (one) => [...list.querySelectorAll(one.tagName)].filter((other) => likeness(other) === likeness(one));
  const again = (one, place) => (one.id ? document.getElementById(one.id) : (alike(one)[place] ?? alike(one)[0]));

  const ready = () => {
    box().checked = localStorage.getItem(kept) !== "off";
    box().closest("[hidden]")?.removeAttribute("hidden");
  };

  const put = (fresh) => {
    const focused = list.contains(document.activeElement) ? document.activeElement : null;
    const place = focused && !focused.id ? alike(focused).indexOf(focused) : 0;
    const [left, top] = [scrollX, scrollY];
    const regions = [...list.querySelectorAll("[role=region]")].map((one) => [one, one.scrollLeft, one.scrollTop]);
    for (const one of list.querySelectorAll("details[id][open]")) {
      fresh.querySelector(`#${CSS.escape(one.id)}`)?.setAttribute("open", "");
    }
    const [old, now] = [[...list.children], [...fresh.children]];
    if (old.length === now.length) {
      old.forEach((one, number) => one.isEqualNode(now[number]) || one.replaceWith(now[number]));
    } else {
      list.replaceChildren(...now);
    }
    ready();
    for (const [one, x, y] of regions) {
      const label = CSS.escape(one.getAttribute("aria-label"));
      list.querySelector(`[role=region][aria-label=${label}]`)?.scrollTo(x, y);
    }
    scrollTo(left, top);
    if (focused && !list.contains(focused)) {
      (again(focused, place) ?? document.getElementById("main")).focus({ preventScroll: true });
    }
  };

  const refresh = async () => {
    if (!box().checked || document.hidden || !getSelection().isCollapsed) return;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("list");
      if (answer.ok && fresh) put(fresh);
      else if (answer.redirected || answer.status === 401) location.reload();
    } catch {
      // The service is not to be reached just now; the page says as at when it is, and the next time will do.
    }
  };

  if (list && box()) {
    ready();
    document.addEventListener("change", (event) => {
      if (event.target === box()) localStorage.setItem(kept, box().checked ? "on" : "off");
    });
    setInterval(refresh, 30_000);
  }
}
