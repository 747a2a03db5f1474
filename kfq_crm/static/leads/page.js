"use strict";
// Menus close on Escape and on a tap elsewhere.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.querySelectorAll("details.o-menu[open]").forEach((menu) => { menu.open = false; });
});
document.addEventListener("click", (event) => {
  document.querySelectorAll("details.o-menu[open]").forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
});
