// Refreshes the day's page every 30 seconds, unless somebody is in the middle of something or has switched it off.
"use strict";
{
  const box = document.getElementById("refresh");
  if (box) {
    const kept = "ecm-refresh";
    box.checked = localStorage.getItem(kept) !== "off";
    box.closest("[hidden]").hidden = false;
    box.addEventListener("change", () => localStorage.setItem(kept, box.checked ? "on" : "off"));
    const busy = () =>
      document.hidden || document.querySelector("main details[open], main :is(input, select, button):focus") !== null;
    setInterval(() => {
      if (box.checked && !busy()) location.reload();
    }, 30_000);
  }
}
