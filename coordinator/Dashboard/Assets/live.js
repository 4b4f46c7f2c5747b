// Pages work without this: it only replaces what has changed meanwhile.
"use strict";
(function () {
  const region = document.getElementById("live");
  if (!region || !region.dataset.live || !window.EventSource) return;
  let isBusy = false;
  let isStale = false;

  async function refresh() {
    if (isBusy) { isStale = true; return; }
    isBusy = true;
    try {
      const answer = await fetch(location.href, { credentials: "same-origin" });
      if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const next = page.getElementById("live");
        if (next) replace(next);
      }
    } catch (error) { /* the next event tries again */ }
    isBusy = false;
    setTimeout(function () { if (isStale) { isStale = false; refresh(); } }, 1000);
  }

  // Nothing is taken away from under somebody's fingers.
  function replace(next) {
    const held = document.activeElement;
    if (held && region.contains(held) && held !== document.body) return;
    const opened = Array.from(region.querySelectorAll("details")).map((one) => one.open);
    region.replaceChildren(...next.childNodes);
    region.querySelectorAll("details").forEach((one, index) => { one.open = opened[index] || false; });
  }

  const source = new EventSource(region.dataset.live);
  let last = 0;
  let timer = null;
  // Once a second at most, and never without the last change.
  source.onmessage = function () {
    if (timer) return;
    timer = setTimeout(function () {
      timer = null;
      last = Date.now();
      refresh();
    }, Math.max(0, last + 1000 - Date.now()));
  };
  source.addEventListener("end", function () { source.close(); refresh(); });
  document.addEventListener("visibilitychange", function () { if (!document.hidden) refresh(); });
})();
