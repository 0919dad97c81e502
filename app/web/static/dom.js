// Makes elements; text goes in as text only.

/** An element with attributes (true, or a text) and children (elements or texts). */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** A button that does something when pressed. */
export function button(text, act, attributes = {}) {
  const made = element("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", act);
  return made;
}

/** Say something in a status line; kind is "", "good" or "bad". */
export function tell(node, sentence, kind = "") {
  node.textContent = sentence;
  node.dataset.kind = kind;
}

/** A name or number that keeps its own direction. */
export function isolated(text, attributes = {}) {
  return element("bdi", attributes, text);
}
