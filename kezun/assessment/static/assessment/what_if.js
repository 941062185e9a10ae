// Says beside each slider where it stands; the score itself comes from the server (htmx).
"use strict";
(() => {
  const shown = (value, unit) => (unit === "%" ? `${+(value * 100).toFixed(2)} %` : unit === "s" ? `${+value} s` : `${+value}`);

  function tell(slider) {
    const output = slider.parentElement.querySelector("output");
    output.textContent = shown(slider.value, output.dataset.unit);
    output.classList.toggle("k-moved", Number(slider.value) !== Number(slider.dataset.stored));
  }

  document.addEventListener("input", (event) => event.target.matches(".k-slider input") && tell(event.target));
  document.querySelectorAll(".k-slider input").forEach(tell);
})();
