// Two readers on one passage: tells what the other decided and lets this one choose; both are kept.

import { button, element, isolated } from "./dom.js";
import { namesOf, say } from "./page.js";

const reader = document.body.dataset.caller;

/** Whether a refusal means that the passage was decided on meanwhile. */
export function isConflict(refusal) {
  return refusal.kind === "stale-edit" || refusal.kind === "already-reviewed";
}

/** Show both decisions in `place` and wait for the choice: true to save this reader's too. */
export async function resolved(place, known, mine) {
  const others = await known.others(reader);
  return new Promise((choose) => {
    const done = (choice) => {
      box.remove();
      choose(choice);
    };
    const lines = others.map((review) => element("li", {}, isolated(review.reviewer), `: ${namesOf(review.topics)}`));
    if (known.review) lines.push(element("li", {}, `${say("conflict_own")} ${namesOf(known.review.topics)}`));
    const box = element(
      "div",
      { class: "conflict", role: "alert" },
      element("p", {}, say("conflict_says")),
      element("ul", {}, ...lines, element("li", {}, `${say("conflict_mine")} ${namesOf(mine)}`)),
      element(
        "div",
        { class: "actions" },
        button(say("conflict_save_mine"), () => done(true), { class: "primary" }),
        button(say("conflict_leave"), () => done(false)),
      ),
    );
    place.append(box);
    box.querySelector("button").focus();
  });
}
