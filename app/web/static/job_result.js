// What a training job gave: the new version beside the one in use, and a button that puts it in use.

import { button, element, isolated } from "./dom.js";
import { counted, say, topicOf } from "./page.js";

/** Show the result; `promote(version, statusLine)` is what the button does. */
export function showResult(job, promote) {
  const result = job.result ?? {};
  const place = document.getElementById("job-result");
  if (!result.version) return;
  const line = element("p", { class: "status", role: "status" });
  place.replaceChildren(
    element("h3", {}, say("result_of_training"), " ", isolated(result.version, { class: "number" })),
    element("p", {}, say("result_rows", { rows: counted(result.cross_validation?.rows ?? 0) })),
    ...(result.comparison ? comparisonOf(result.comparison) : [element("p", {}, say("no_comparison"))]),
    result.held_out?.verdict ? element("p", { class: "hint" }, `${say("held_out")} `, element("bdi", { lang: "en" }, result.held_out.verdict)) : "",
    ...(document.body.dataset.version === result.version
      ? [element("p", { class: "badge" }, say("in_use"))]
      : [element("p", { class: "actions" }, button(say("promote"), () => promote(result.version, line), { class: "primary", id: "promote-result" }))]),
    line,
  );
}

function comparisonOf(comparison) {
  const rows = [
    [say("micro_f1"), comparison.micro_f1],
    ...Object.entries(comparison.topics ?? {}).map(([id, measured]) => [topicOf(id).name, measured]),
  ].filter(([, measured]) => measured);
  const head = [say("topic"), say("in_use"), say("new_version"), say("change")].map((name) => element("th", { scope: "col" }, name));
  const table = element(
    "table",
    { class: "plot" },
    element("caption", { class: "hidden" }, say("comparison_caption")),
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...rows.map(([name, measured]) => rowOf(name, measured))),
  );
  const verdict = comparison.promotable === false ? say("comparison_worse") : say("comparison_fine");
  return [
    element("p", {}, verdict, comparison.same_rows === false ? ` ${say("other_rows")}` : ""),
    element("div", { class: "table-box", tabindex: "0", role: "region", "aria-label": say("comparison_caption") }, table),
  ];
}

function rowOf(name, { current, new: now, change }) {
  const number = (value) => element("td", {}, isolated(value === null || value === undefined ? "—" : value.toFixed(3), { class: "number" }));
  const sign = change > 0 ? "better" : change < 0 ? "worse" : "";
  const changed = change === null || change === undefined ? "—" : (change > 0 ? "+" : "") + change.toFixed(3);
  return element("tr", {}, element("th", { scope: "row" }, name), number(current), number(now), element("td", {}, isolated(changed, { class: `number ${sign}` })));
}
