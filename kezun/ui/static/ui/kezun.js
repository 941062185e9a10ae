// Behaviour of the frame: phone menu, drawers, confirmations, keyboard, sorting. No dependency but htmx.
"use strict";
(() => {
  const $ = (selector, from = document) => from.querySelector(selector);

  function toggleSide(open = !document.body.classList.contains("k-side-open")) {
    document.body.classList.toggle("k-side-open", open);
    for (const button of document.querySelectorAll("[data-side-toggle][aria-expanded]")) button.setAttribute("aria-expanded", open);
    if (open) $(".k-side a")?.focus();
  }

  function closeFound() {
    const found = $("#found");
    if (found) found.replaceChildren();
  }

  // What htmx puts into the drawer opens it; a click on the backdrop or [data-close] closes it.
  document.addEventListener("htmx:afterSwap", (event) => {
    const drawer = $("#drawer");
    if (event.detail.target.id === "drawer-body" && !drawer.open) drawer.showModal();
    if (event.detail.target.id === "drawer-body") $("h2", drawer)?.focus();
  });
  // A refusal inside the drawer shows as the page that says why.
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.target.id === "drawer-body") window.location.assign(event.detail.pathInfo.requestPath);
  });

  document.addEventListener("click", (event) => {
    const target = event.target;
    if (target.closest("[data-side-toggle]")) toggleSide();
    else if (target.closest("[data-print]")) window.print();
    else if (target.closest("[data-close]") || target.id === "drawer") target.closest("dialog")?.close();
    const opener = target.closest("[data-dialog]");
    if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
    const flip = target.closest("[data-flip]");
    if (flip) flipChart(flip);
    const head = target.closest("th[data-sort] button");
    if (head) sortBy(head.closest("th"));
    if (!target.closest(".k-search")) closeFound();
    for (const open of document.querySelectorAll("details.k-account[open], details.k-pop[open]")) {
      if (!open.contains(target)) open.open = false;
    }
  });

  document.addEventListener("submit", (event) => {
    const question = event.target.dataset?.confirm;
    if (question && !window.confirm(question)) event.preventDefault();
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });

  // ← and → step through periods, / goes to the search, Escape closes what is open.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      toggleSide(false);
      closeFound();
      for (const open of document.querySelectorAll("details.k-account[open], details.k-pop[open]")) open.open = false;
      return;
    }
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]")) return;
    if (event.key === "ArrowLeft") $("[data-period-previous]")?.click();
    else if (event.key === "ArrowRight") $("[data-period-next]")?.click();
    else if (event.key === "/") {
      event.preventDefault();
      $(".k-search input")?.focus();
    }
  });

  function flipChart(button) {
    const box = button.closest("[data-chart-box]");
    const asTable = box.classList.toggle("k-as-table");
    button.setAttribute("aria-pressed", asTable);
  }

  // Sorting by what the cell says for sorting (data-value), else by its text.
  function sortBy(head) {
    const table = head.closest("table");
    const column = [...head.parentElement.children].indexOf(head);
    const down = head.getAttribute("aria-sort") !== "descending";
    const key = (row) => {
      const cell = row.children[column];
      const raw = cell?.dataset.value ?? cell?.textContent.trim() ?? "";
      return raw === "" ? null : Number.isNaN(Number(raw)) ? raw : Number(raw);
    };
    const compare = (a, b) => {
      const [x, y] = [key(a), key(b)];
      if (x === null || y === null) return (x === null) - (y === null);
      const order = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), document.documentElement.lang);
      return down ? -order : order;
    };
    for (const other of head.parentElement.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = table.tBodies[0];
    body.append(...[...body.rows].sort(compare));
  }
})();
