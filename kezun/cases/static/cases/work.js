// My work and lists by keyboard: j and k move between rows, Enter opens, t takes. `/` is the frame's search.
"use strict";
(() => {
  const rows = () => [...document.querySelectorAll("[data-row]")];

  function at() {
    return rows().findIndex((row) => row.contains(document.activeElement));
  }

  function move(step) {
    const all = rows();
    if (!all.length) return;
    const here = at();
    const next = here < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(here + step, 0), all.length - 1);
    all[next].querySelector("[data-open]").focus();
    all[next].scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "t") rows()[at()]?.querySelector("[data-take]")?.click();
    else return;
    event.preventDefault();
  });
})();
