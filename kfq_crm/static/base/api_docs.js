// Swagger's page over our own schema; nothing comes from another host, no token is kept.
"use strict";

const place = document.getElementById("swagger-ui");
const words = JSON.parse(document.getElementById("swagger-words").textContent);

// Swagger speaks English only: its own words are replaced as they appear, those of the schema
// are in the reader's language already.
function translate(node) {
  if (node.nodeType !== Node.TEXT_NODE) {
    if (!["CODE", "PRE", "TEXTAREA"].includes(node.nodeName)) node.childNodes.forEach(translate);
    return;
  }
  const text = node.nodeValue.trim();
  if (Object.hasOwn(words, text) && words[text] !== text) node.nodeValue = node.nodeValue.replace(text, words[text]);
}

new MutationObserver((changes) => {
  for (const change of changes) {
    if (change.type === "characterData") translate(change.target);
    change.addedNodes.forEach(translate);
  }
}).observe(place, { childList: true, characterData: true, subtree: true });

SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: -1,
  persistAuthorization: false,
  validatorUrl: null,
});
