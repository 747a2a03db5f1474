// What is wrong with the page as it stands: called with whether a thumb uses it and what Latin
// words may stand; answers with a line for every fault.
([thumb, allowed]) => {
  const WORD = /[A-Za-z][A-Za-z'’]+/g;
  const SAID = ["placeholder", "title", "aria-label", "alt"];
  const THUMB = 40; // pixels of a button's height
  const known = new Set(allowed);
  const faults = new Set();

  const isSeen = (element) =>
    element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) &&
    element.getBoundingClientRect().width > 1;
  const isDrawn = (element) => element.closest(".material-symbols-outlined, script, style, svg");
  const named = (element) => {
    const kind = element.className && typeof element.className === "string" ? `.${element.className.split(" ")[0]}` : "";
    const said = (element.innerText || element.value || "").replace(/\s+/g, " ").trim();
    return `${element.tagName.toLowerCase()}${kind} “${said.slice(0, 20)}”`;
  };
  const isWrapped = (element) => {
    const text = document.createRange();
    text.selectNodeContents(element);
    return text.getBoundingClientRect().height > 2.2 * parseFloat(getComputedStyle(element).fontSize);
  };
  const read = (text, where) => {
    if (/-{5}/.test(text)) faults.add(`a row of dashes for “none” in ${where}`);
    for (const word of text.match(WORD) || []) {
      if (!known.has(word)) faults.add(`“${word}” in ${where}`);
    }
  };

  const wide = document.documentElement.scrollWidth - window.innerWidth;
  if (wide > 0) faults.add(`scrolls sideways by ${wide} pixels`);

  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (isDrawn(element) || !(isSeen(element) || element.closest("option"))) continue;
    read(texts.currentNode.data, named(element));
  }
  for (const element of document.body.querySelectorAll("*")) {
    if (isDrawn(element) || !isSeen(element)) continue;
    SAID.forEach((name) => read(element.getAttribute(name) || "", `${name} of ${named(element)}`));
    const style = getComputedStyle(element);
    const hides = ["hidden", "clip"].includes(style.overflowX) && element.innerText?.trim();
    if (hides && element.scrollWidth > element.clientWidth + 1 && !element.closest("[title]")) {
      faults.add(`cut off: ${named(element)}`);
    }
    const pressed = element.matches("button, .o-button, input[type=submit], [role=button]");
    // What is hidden from everybody answers the Enter key alone: no thumb looks for it.
    const offered = pressed && element.getAttribute("aria-hidden") !== "true";
    if (thumb && offered && element.getBoundingClientRect().height < THUMB) {
      faults.add(`low button, ${Math.round(element.getBoundingClientRect().height)}: ${named(element)}`);
    }
    if (!thumb && element.matches("table .o-button") && isWrapped(element)) {
      faults.add(`button on two lines: ${named(element)}`);
    }
  }
  read(document.title, "the window's title");
  return [...faults];
}
