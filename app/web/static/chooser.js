// The model's topics as toggles, each with its key, grouped as in the guide.

import { button, element } from "./dom.js";
import { topics } from "./page.js";

const CODES = new Map(
  [...topics.values()]
    .filter((topic) => topic.key)
    .map((topic) => [/\d/.test(topic.key) ? `Digit${topic.key}` : `Key${topic.key}`, topic.id]),
);

/** The topic whose key was pressed, whatever the keyboard's language; null for other keys. */
export function topicOfKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return null;
  return CODES.get(event.code.replace("Numpad", "Digit")) ?? null;
}

/** Toggles for all topics; `act` is called with the id of the one pressed. */
export class Chooser {
  constructor(label, act) {
    this.node = element("div", { class: "chooser", role: "group", "aria-label": label });
    this.toggles = new Map();
    const groups = new Map();
    for (const topic of topics.values()) {
      const hint = topic.key ? element("kbd", { "aria-hidden": "true" }, topic.key) : null;
      const toggle = button("", () => act(topic.id), {
        class: `toggle ${topic.style}`,
        "aria-pressed": "false",
        "aria-keyshortcuts": topic.key || null,
        "data-topic": topic.id,
      });
      toggle.append(...[hint, element("span", {}, topic.name)].filter(Boolean));
      this.toggles.set(topic.id, toggle);
      if (!groups.has(topic.group)) groups.set(topic.group, []);
      groups.get(topic.group).push(toggle);
    }
    for (const [name, members] of groups) {
      this.node.append(
        element("div", { class: "chooser-group" }, element("span", { class: "group-name" }, name), ...members),
      );
    }
  }

  /** Show which topics are chosen. */
  show(chosen) {
    for (const [id, toggle] of this.toggles) toggle.setAttribute("aria-pressed", String(chosen.has(id)));
  }

  /** Move the focus to the toggle before or after the one that has it. */
  move(step) {
    const all = [...this.toggles.values()];
    const at = all.indexOf(document.activeElement);
    all[at < 0 ? (step > 0 ? 0 : all.length - 1) : (at + step + all.length) % all.length].focus();
  }
}
