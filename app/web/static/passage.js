// One passage on the page: what the model found, what the reader decides, and whether that is saved.

import { Chooser, topicOfKey } from "./chooser.js";
import { button, element, tell } from "./dom.js";
import { showEvidence } from "./evidence.js";
import { mayReview, say, topicOf } from "./page.js";

export class Passage {
  /** `article` is as the service rendered it; `onChange` is called after each change of the decision. */
  constructor(article, { onChange = () => {}, open = false } = {}) {
    this.article = article;
    this.number = Number(article.dataset.number);
    this.start = Number(article.dataset.start);
    this.end = Number(article.dataset.end);
    this.text = article.querySelector(".text").textContent;
    this.tags = [...article.querySelectorAll(".tag")];
    this.found = this.tags.map((tag) => tag.dataset.topic);
    this.scores = Object.fromEntries(this.tags.map((tag) => [tag.dataset.topic, Number(tag.dataset.score)]));
    this.notes = [...article.querySelectorAll(".note")].map((note) => note.textContent.trim());
    this.chosen = new Set(this.found);
    this.decided = false;
    this.onChange = onChange;
    showEvidence(article);
    if (mayReview) this.addDesk(open);
  }

  /** The decision as ids in alphabetical order. */
  get topics() {
    return [...this.chosen].sort();
  }

  /** Choose or drop a topic. */
  toggle(id) {
    this.openChooser(true);
    if (!this.chosen.delete(id)) this.chosen.add(id);
    this.changed();
  }

  /** Decide that the topics are right as they are. */
  confirm() {
    this.changed();
  }

  /** Take these topics as the decision, without saying that they changed. */
  choose(ids) {
    this.chosen = new Set(ids);
    this.decided = true;
    this.draw();
  }

  /** Say in the passage's head how its decision stands: kind is "", "good" or "bad". */
  tell(sentence, kind = "") {
    tell(this.article.querySelector(".state"), sentence, kind);
  }

  changed() {
    this.decided = true;
    this.draw();
    this.onChange(this);
  }

  draw() {
    this.chooser.show(this.chosen);
    const before = new Set(this.found);
    const ids = [...new Set([...this.found, ...this.chosen])];
    this.line.replaceChildren(
      element("span", { class: "decision-name" }, say("your_decision")),
      ...ids.map((id) => decisionChip(id, before.has(id), this.chosen.has(id))),
      this.chosen.size ? "" : element("span", {}, say("no_topic_chosen")),
    );
    this.line.hidden = !this.decided;
  }

  openChooser(open) {
    this.chooser.node.hidden = !open;
    this.opener?.setAttribute("aria-expanded", String(open));
  }

  addDesk(open) {
    const name = say("passage_number", { number: this.number });
    this.chooser = new Chooser(say("topics_of", { name }), (id) => this.toggle(id));
    this.chooser.node.id = `chooser-${this.article.id}`;
    this.line = element("p", { class: "decision", hidden: true });
    if (!open) {
      this.opener = button(say("correct"), () => this.openChooser(this.chooser.node.hidden), {
        "aria-expanded": "false",
        "aria-controls": this.chooser.node.id,
      });
      const confirm = button(say("confirm"), () => this.confirm(), { class: "confirm" });
      this.article.append(element("div", { class: "actions" }, this.opener, confirm));
    }
    this.article.append(this.chooser.node, this.line);
    this.openChooser(open);
    this.draw();
    if (!open) this.article.addEventListener("keydown", (event) => this.keyed(event));
  }

  keyed(event) {
    const id = topicOfKey(event);
    if (id) this.toggle(id);
    else if (event.key === "Enter" && event.target === this.article) this.confirm();
    else if (event.code === "KeyJ" || event.code === "KeyK") this.goTo(event.code === "KeyJ" ? "nextElementSibling" : "previousElementSibling");
    else return;
    event.preventDefault();
  }

  goTo(side) {
    this.article[side]?.focus();
  }
}

function decisionChip(id, before, after) {
  const topic = topicOf(id);
  const kind = before === after ? "kept" : after ? "added" : "dropped";
  return element(
    after ? "span" : "del",
    { class: `chip ${topic.style} ${kind}` },
    kind === "kept" ? topic.name : `${kind === "added" ? "+" : "−"} ${topic.name}`,
    element("span", { class: "hidden" }, kind === "kept" ? "" : ` (${say(`decision_${kind}`)})`),
  );
}
