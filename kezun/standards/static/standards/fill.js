// Filling a sheet: steppers for numbers, and a word when an answer could not be sent.
"use strict";
(() => {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-step], [data-set]");
    if (!button) return;
    const input = button.parentElement.querySelector("input");
    const next = button.dataset.set ?? Math.max(0, Number(input.value || 0) + Number(button.dataset.step));
    input.value = next;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  // What could not be sent stays as it was typed, and is marked until it is sent.
  for (const name of ["htmx:sendError", "htmx:responseError"]) {
    document.addEventListener(name, (event) => event.target.closest("article")?.classList.add("f-wrong"));
  }
  document.getElementById("missing")?.focus();
})();
