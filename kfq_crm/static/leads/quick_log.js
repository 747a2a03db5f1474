"use strict";
// The quick log: search for the lead while typing; the chosen one proposes the next date.
(() => {
  const search = document.getElementById("lead-search");
  const choices = document.getElementById("lead-choices");
  const form = search && search.form;
  if (!form) return;
  const day = form.elements.namedItem("next_action_on");
  let touched = Boolean(day && day.value);
  let pause = 0;
  let running = null;

  async function find() {
    const chosen = choices.querySelector("input:checked");
    if (running) running.abort();
    running = new AbortController();
    try {
      const address = `${search.dataset.url}?q=${encodeURIComponent(search.value)}`;
      const reply = await fetch(address, { signal: running.signal });
      if (!reply.ok) return;
      choices.innerHTML = await reply.text();
      const again = chosen && choices.querySelector(`input[value="${chosen.value}"]`);
      if (again) again.checked = true;
      else if (chosen) choices.prepend(chosen.closest("label"));
    } catch (error) {
      // Without an answer the list stays as it was.
    }
  }

  search.addEventListener("input", () => {
    window.clearTimeout(pause);
    pause = window.setTimeout(find, 250);
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  if (day) day.addEventListener("input", () => { touched = true; });
  choices.addEventListener("change", (event) => {
    if (!touched && day && event.target.dataset.next) day.value = event.target.dataset.next;
    const label = event.target.closest("label");
    const fold = choices.closest("details");
    fold.querySelector("summary").textContent = label.querySelector("span").firstChild.textContent.trim();
    fold.open = false;
    form.elements.namedItem("summary").focus();
  });
})();
