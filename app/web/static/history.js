// The latest decisions, each with all that happened on its passage.

import { ask, Refusal } from "./api.js";
import { element, isolated } from "./dom.js";
import { namesOf, say, timeOf, topicOf } from "./page.js";

/** Ask for the latest reviews and show them. Throws a Refusal. */
export async function showHistory() {
  const { reviews } = await ask("GET", "/v1/reviews?limit=20");
  const place = document.getElementById("history");
  place.replaceChildren(...(reviews.length ? reviews.map(entryOf) : [element("p", {}, say("no_history"))]));
}

function entryOf(review) {
  const chips = review.topics.map((id) => element("span", { class: `chip ${topicOf(id).style}` }, topicOf(id).name));
  const past = element("div", { class: "past" });
  const more = element(
    "details",
    {},
    element("summary", {}, say("what_happened")),
    past,
  );
  more.addEventListener("toggle", () => more.open && showPast(review.id, past), { once: true });
  return element(
    "article",
    { class: "entry", "data-review": review.id },
    element("p", { class: "text", lang: "ar", dir: "auto" }, review.text),
    element("p", {}, ...(chips.length ? chips : [say("no_topic_chosen")])),
    element(
      "p",
      { class: "hint" },
      isolated(review.reviewer),
      " · ",
      element("time", { datetime: review.time }, timeOf(review.time)),
      " · ",
      say("model"),
      " ",
      isolated(review.model_version, { class: "number" }),
      review.source ? " · " : "",
      review.source ? isolated(review.source) : "",
    ),
    more,
  );
}

async function showPast(id, place) {
  try {
    const { entries } = await ask("GET", `/v1/reviews/${encodeURIComponent(id)}/history`);
    place.replaceChildren(element("ol", {}, ...entries.map(stepOf)));
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    place.replaceChildren(element("p", { class: "fault" }, refusal.message));
  }
}

function stepOf(step) {
  const before = step.topics_before === null ? say("nothing_before") : namesOf(step.topics_before);
  const after = step.topics_after === null ? say("withdrawn") : namesOf(step.topics_after);
  return element(
    "li",
    {},
    `${say(`action_${step.action}`)} · `,
    isolated(step.reviewer),
    ` · ${timeOf(step.time)}: `,
    say("from_to", { before, after }),
  );
}
