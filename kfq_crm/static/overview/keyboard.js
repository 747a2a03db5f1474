"use strict";
// Keys that work on every page: "/" goes to the search field, Escape closes what is open.
(() => {
  const SEARCH = "#searchbar, .o-page input[type=search], input[data-search]";
  const LEADS = '#nav-sidebar-apps a[href$="/leads/lead/"]';

  const isTyping = (element) =>
    element.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(element.tagName);

  function search() {
    const field = document.querySelector(SEARCH);
    if (field) {
      field.focus();
      field.select();
      return true;
    }
    const leads = document.querySelector(LEADS);
    if (leads) window.location.assign(`${leads.href}#search`);
    return Boolean(leads);
  }

  function close() {
    const open = document.querySelector("details[open][data-closes]");
    const link = document.querySelector("a[data-close]");
    if (isTyping(document.activeElement)) document.activeElement.blur();
    else if (open) open.removeAttribute("open");
    else if (link) window.location.assign(link.href);
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && !isTyping(event.target)) {
      if (search()) event.preventDefault();
    } else if (event.key === "Escape") {
      close();
    }
  });

  document.addEventListener("DOMContentLoaded", () => {
    if (window.location.hash === "#search") search();
  });
})();
