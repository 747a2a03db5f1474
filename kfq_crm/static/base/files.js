"use strict";
// Names of the chosen files beside the button that chooses them.
document.addEventListener("change", (event) => {
  const input = event.target;
  if (!input.matches(".o-files input[type=file]")) return;
  const shown = input.closest(".o-files").querySelector("[data-chosen]");
  const names = Array.from(input.files, (file) => file.name);
  shown.textContent = names.length ? names.join(" \u00b7 ") : shown.dataset.none;
});
// The button is a label's picture: a tap on it opens the chooser.
document.addEventListener("click", (event) => {
  const files = event.target.closest(".o-files");
  if (files && event.target.tagName !== "INPUT") files.querySelector("input[type=file]").click();
});
