// How far the queue is: a bar, and counts by topic and by reader.

import { ask } from "./api.js";
import { element, isolated } from "./dom.js";
import { counted, say, topicOf } from "./page.js";

/** Ask for the progress and show it. Throws a Refusal. */
export async function showProgress() {
  const found = await ask("GET", "/v1/reviews/progress");
  const done = found.done + found.disputed;
  const bar = element("progress", { max: Math.max(found.total, 1), value: done, "aria-label": say("progress_title") });
  const line = say("progress_says", {
    done: counted(done),
    total: counted(found.total),
    open: counted(found.open),
    disputed: counted(found.disputed),
  });
  document.getElementById("progress").replaceChildren(
    bar,
    element("p", {}, line),
    found.topics.length ? topicTable(found.topics) : "",
    found.readers.length ? readerList(found.readers) : "",
  );
}

function topicTable(topics) {
  const head = [say("topic"), say("tagged_count"), say("reviewed_count")].map((name) => element("th", { scope: "col" }, name));
  const rows = topics.map((each) => {
    const topic = topicOf(each.id);
    return element(
      "tr",
      { class: topic.style },
      element("th", { scope: "row" }, element("span", { class: `chip ${topic.style}` }, topic.name)),
      element("td", {}, counted(each.tagged)),
      element("td", {}, counted(each.reviewed)),
    );
  });
  return element(
    "table",
    { class: "counts" },
    element("caption", { class: "hidden" }, say("counts_caption")),
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...rows),
  );
}

function readerList(readers) {
  const items = readers.map((each) => element("li", {}, isolated(each.reviewer), `: ${counted(each.reviews)}`));
  return element("div", {}, element("p", {}, say("by_reader")), element("ul", {}, ...items));
}
