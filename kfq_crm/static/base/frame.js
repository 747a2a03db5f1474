"use strict";
// The frame of every page, as far as Unfold's own scripts leave it wanting.
window.addEventListener("load", () => {
  // The scrolling menu names itself in English to screen readers.
  document.querySelectorAll(".simplebar-content-wrapper").forEach((pane) => {
    pane.removeAttribute("role");
    pane.removeAttribute("aria-label");
  });
  // A strip of tabs that is wider than the phone begins at the open one.
  document.querySelectorAll(".o-tabs > [aria-current]").forEach((tab) => {
    const strip = tab.parentElement;
    strip.scrollLeft = tab.offsetLeft - strip.offsetLeft - (strip.clientWidth - tab.offsetWidth) / 2;
  });
});
