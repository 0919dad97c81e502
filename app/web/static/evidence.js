// Shows which words decided: by hovering, focusing or tapping a topic or a word.

import { element } from "./dom.js";
import { say, topicOf } from "./page.js";

const LEVELS = ["", say("strength_weak"), say("strength_middling"), say("strength_strong")];
const tip = element("div", { class: "tip", role: "tooltip", hidden: true });

/** Make a passage's topics light up their words, and its words say what they spoke for. */
export function showEvidence(article) {
  const words = [...article.querySelectorAll(".word")];
  for (const tag of article.querySelectorAll(".tag")) {
    const light = (on) => lightWords(words, tag.dataset.topic, on);
    tag.addEventListener("pointerenter", () => light(true));
    tag.addEventListener("pointerleave", () => light(tag.open));
    tag.addEventListener("focusin", () => light(true));
    tag.addEventListener("focusout", () => light(tag.open));
    tag.addEventListener("toggle", () => light(tag.open));
  }
  for (const word of words) {
    word.addEventListener("pointerenter", () => showTip(word));
    word.addEventListener("pointerleave", hideTip);
    word.addEventListener("click", () => showTip(word));
  }
}

function lightWords(words, topic, on) {
  for (const word of words) {
    if (marksOf(word).some((mark) => mark.topic === topic)) word.classList.toggle("lit", on);
  }
}

function marksOf(word) {
  return word.dataset.marks.split(" ").map((mark) => {
    const [topic, level] = mark.split(":");
    return { topic, level: Number(level) };
  });
}

function showTip(word) {
  tip.replaceChildren(
    ...marksOf(word).map((mark) =>
      element("div", {}, element("span", { class: `chip ${topicOf(mark.topic).style}` }, topicOf(mark.topic).name), ` ${LEVELS[mark.level]}`),
    ),
  );
  if (!tip.isConnected) document.body.append(tip);
  tip.hidden = false;
  const place = word.getBoundingClientRect();
  const own = tip.getBoundingClientRect();
  const left = place.left + place.width / 2 - own.width / 2;
  tip.style.left = `${Math.max(8, Math.min(left, document.documentElement.clientWidth - own.width - 8))}px`;
  const above = place.top - own.height - 6;
  tip.style.top = `${above > 8 ? above : place.bottom + 6}px`;
}

function hideTip() {
  tip.hidden = true;
}

addEventListener("scroll", hideTip, { passive: true });
addEventListener("keydown", (event) => {
  if (event.key === "Escape") hideTip();
});
