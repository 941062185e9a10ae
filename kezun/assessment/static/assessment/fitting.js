// The editor of schemes: a component offers the estimators that fit its indicator or standard, and no others.
"use strict";
(() => {
  const form = document.getElementById("draft");
  const sources = document.getElementById("sources");
  if (!sources) return;

  form.addEventListener("input", (event) => {
    const source = event.target;
    if (source.getAttribute("list") !== "sources") return;
    const select = document.getElementById(source.id.replace(/-source$/, "-estimator"));
    const known = [...sources.options].find((one) => one.value === source.value.trim());
    const fits = known ? known.dataset.fits.split(" ") : null;
    for (const option of select.options) {
      // What is chosen stays in sight, though it may not fit: the check beside says so.
      const away = fits !== null && !fits.includes(option.value) && !option.selected;
      option.hidden = away;
      option.disabled = away;
    }
  });
})();
