"use strict";
// The form that logs a lead: who holds the company, and options that fit the chosen chain.
document.addEventListener("DOMContentLoaded", () => {
  const investor = document.getElementById("id_investor");
  const form = investor && investor.form;
  if (!form) return;

  // --- Who holds the company -------------------------------------------------------------------
  const asked = ["investor", "uscc", "parent_group", "contact_phone", "chain"]
    .map((name) => form.elements.namedItem(name))
    .filter(Boolean);
  const answer = document.createElement("div");
  answer.id = "company-check";
  answer.setAttribute("aria-live", "polite");
  investor.insertAdjacentElement("afterend", answer);
  let last = "";
  let running = null;

  async function check() {
    const data = new FormData();
    asked.forEach((field) => data.append(field.name, field.value));
    const question = new URLSearchParams(data).toString();
    if (question === last) return;
    last = question;
    if (running) running.abort();
    running = new AbortController();
    data.append("csrfmiddlewaretoken", form.elements.namedItem("csrfmiddlewaretoken").value);
    try {
      const reply = await fetch(investor.dataset.checkUrl, { method: "POST", body: data, signal: running.signal });
      answer.innerHTML = reply.ok ? await reply.text() : "";
    } catch (error) {
      // Without an answer nothing is shown: saving asks again and decides.
      if (error.name !== "AbortError") answer.textContent = "";
    }
  }

  let pause = 0;
  investor.addEventListener("input", () => {
    window.clearTimeout(pause);
    pause = window.setTimeout(check, 600);
  });
  asked.forEach((field) => field.addEventListener("change", check));
  if (investor.value.trim()) check();

  // --- Options of the chosen chain -------------------------------------------------------------
  const chain = form.elements.namedItem("chain");
  if (!chain || chain.tagName !== "SELECT") return;
  const narrowed = ["owner", "segment"]
    .map((name) => form.elements.namedItem(name))
    .filter((select) => select && select.querySelector("optgroup"))
    .map((select) => ({ select, groups: [...select.querySelectorAll("optgroup")], wanted: select.value }));

  function narrow() {
    const chosen = chain.selectedOptions[0];
    narrowed.forEach(({ select, groups, wanted }) => {
      const kept = select.value;
      groups.forEach((group) => {
        if (!chosen || !chosen.value || group.label === chosen.text.trim()) select.append(group);
        else group.remove();
      });
      const offered = new Set([...select.options].map((option) => option.value));
      select.value = [kept, wanted, ""].find((value) => offered.has(value)) ?? select.options[0]?.value ?? "";
    });
  }
  chain.addEventListener("change", narrow);
  narrow();
});
