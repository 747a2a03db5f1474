"use strict";
// On a narrow screen the drawing opens where today is, not where the plan began.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".s-gantt__scroll").forEach((box) => {
    const today = box.querySelector("line.today");
    if (!today || box.scrollWidth <= box.clientWidth) return;
    const share = parseFloat(today.getAttribute("x1")) / 100;
    box.scrollLeft = share * box.scrollWidth - box.clientWidth * 0.6;
  });
});
